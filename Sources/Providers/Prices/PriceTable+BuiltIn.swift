extension PriceTable {
    /// Standard prices of November 2026, as the model map of LiteLLM 1.106.2 has them. Prices change: a file goes over
    /// these.
    static let builtInText = #"""
        {
          "as_of": "2026-11-22",
          "providers": {
            "openai": {
              "gpt-4.1": {
                "input": 2, "output": 8, "cache_read": 0.5, "context_window": 1047576, "max_output": 32768},
              "gpt-4.1-mini": {
                "input": 0.4, "output": 1.6, "cache_read": 0.1, "context_window": 1047576, "max_output": 32768},
              "gpt-4.1-nano": {
                "input": 0.1, "output": 0.4, "cache_read": 0.025, "context_window": 1047576, "max_output": 32768},
              "gpt-4o": {
                "input": 2.5, "output": 10, "cache_read": 1.25, "context_window": 128000, "max_output": 16384},
              "gpt-4o-mini": {
                "input": 0.15, "output": 0.6, "cache_read": 0.075, "context_window": 128000, "max_output": 16384},
              "gpt-5": {
                "input": 1.25, "output": 10, "cache_read": 0.125, "context_window": 272000, "max_output": 128000},
              "gpt-5-mini": {
                "input": 0.25, "output": 2, "cache_read": 0.025, "context_window": 272000, "max_output": 128000},
              "gpt-5-nano": {
                "input": 0.05, "output": 0.4, "cache_read": 0.005, "context_window": 272000, "max_output": 128000},
              "gpt-5-pro": {
                "input": 15, "output": 120, "context_window": 400000, "max_output": 272000},
              "gpt-5.1": {
                "input": 1.25, "output": 10, "cache_read": 0.125, "context_window": 272000, "max_output": 128000},
              "gpt-5.2": {
                "input": 1.75, "output": 14, "cache_read": 0.175, "context_window": 272000, "max_output": 128000},
              "gpt-5.2-pro": {
                "input": 21, "output": 168, "context_window": 272000, "max_output": 128000},
              "gpt-5.4": {
                "input": 2.5, "output": 15, "cache_read": 0.25, "context_window": 1050000, "max_output": 128000,
                "above": {"tokens": 272000, "input": 5, "output": 22.5, "cache_read": 0.5}},
              "gpt-5.4-mini": {
                "input": 0.75, "output": 4.5, "cache_read": 0.075, "context_window": 272000, "max_output": 128000},
              "gpt-5.4-nano": {
                "input": 0.2, "output": 1.25, "cache_read": 0.02, "context_window": 272000, "max_output": 128000},
              "gpt-5.4-pro": {
                "input": 30, "output": 180, "context_window": 1050000, "max_output": 128000,
                "above": {"tokens": 272000, "input": 60, "output": 270}},
              "gpt-5.5": {
                "input": 5, "output": 30, "cache_read": 0.5, "context_window": 1050000, "max_output": 128000,
                "above": {"tokens": 272000, "input": 10, "output": 45, "cache_read": 1}},
              "gpt-5.5-pro": {
                "input": 30, "output": 180, "context_window": 1050000, "max_output": 128000,
                "above": {"tokens": 272000, "input": 60, "output": 270}},
              "gpt-5.6": {
                "input": 4, "output": 20, "cache_read": 0.4, "cache_write": 5, "context_window": 922000, "max_output": 128000,
                "above": {"tokens": 272000, "input": 8, "output": 30, "cache_read": 0.8, "cache_write": 10}},
              "gpt-5.6-luna": {
                "input": 0.2, "output": 1.2, "cache_read": 0.02, "cache_write": 0.25, "context_window": 922000, "max_output": 128000,
                "above": {"tokens": 272000, "input": 0.4, "output": 1.8, "cache_read": 0.04, "cache_write": 0.5}},
              "gpt-5.6-sol": {
                "input": 4, "output": 20, "cache_read": 0.4, "cache_write": 5, "context_window": 922000, "max_output": 128000,
                "above": {"tokens": 272000, "input": 8, "output": 30, "cache_read": 0.8, "cache_write": 10}},
              "gpt-5.6-terra": {
                "input": 2, "output": 12, "cache_read": 0.2, "cache_write": 2.5, "context_window": 922000, "max_output": 128000,
                "above": {"tokens": 272000, "input": 4, "output": 18, "cache_read": 0.4, "cache_write": 5}},
              "gpt-6-astra": {
                "input": 10, "output": 50, "cache_read": 1, "cache_write": 12.5, "context_window": 922000, "max_output": 128000,
                "above": {"tokens": 272000, "input": 20, "output": 75, "cache_read": 2, "cache_write": 25}},
              "gpt-6-luna": {
                "input": 0.1, "output": 0.5, "cache_read": 0.01, "cache_write": 0.125, "context_window": 922000, "max_output": 128000,
                "above": {"tokens": 272000, "input": 0.2, "output": 0.75, "cache_read": 0.02, "cache_write": 0.25}},
              "gpt-6-sol": {
                "input": 2, "output": 10, "cache_read": 0.2, "cache_write": 2.5, "context_window": 922000, "max_output": 128000,
                "above": {"tokens": 272000, "input": 4, "output": 15, "cache_read": 0.4, "cache_write": 5}},
              "gpt-6.1-sol": {
                "input": 2, "output": 10, "cache_read": 0.1, "cache_write": 2.5, "context_window": 922000, "max_output": 128000,
                "above": {"tokens": 272000, "input": 4, "output": 15, "cache_read": 0.2, "cache_write": 5}},
              "o1": {
                "input": 15, "output": 60, "cache_read": 7.5, "context_window": 200000, "max_output": 100000},
              "o3": {
                "input": 2, "output": 8, "cache_read": 0.5, "context_window": 200000, "max_output": 100000},
              "o3-mini": {
                "input": 1.1, "output": 4.4, "cache_read": 0.55, "context_window": 200000, "max_output": 100000},
              "o3-pro": {
                "input": 20, "output": 80, "context_window": 200000, "max_output": 100000},
              "o4-mini": {
                "input": 1.1, "output": 4.4, "cache_read": 0.275, "context_window": 200000, "max_output": 100000}
            },
            "anthropic": {
              "claude-fable-5": {
                "input": 10, "output": 50, "cache_read": 1, "cache_write": 12.5, "context_window": 1000000, "max_output": 128000},
              "claude-fable-5-1": {
                "input": 10, "output": 50, "cache_read": 0.25, "cache_write": 12.5, "context_window": 1000000, "max_output": 128000},
              "claude-haiku-4-5": {
                "input": 1, "output": 5, "cache_read": 0.1, "cache_write": 1.25, "context_window": 200000, "max_output": 64000},
              "claude-haiku-5-5": {
                "input": 0.1, "output": 0.5, "cache_read": 0.01, "cache_write": 0.125, "context_window": 1000000, "max_output": 128000,
                "above": {"tokens": 100000, "input": 0.5, "output": 2.5, "cache_read": 0.05, "cache_write": 0.625}},
              "claude-opus-4-5": {
                "input": 5, "output": 25, "cache_read": 0.5, "cache_write": 6.25, "context_window": 200000, "max_output": 64000},
              "claude-opus-4-6": {
                "input": 5, "output": 25, "cache_read": 0.5, "cache_write": 6.25, "context_window": 1000000, "max_output": 128000},
              "claude-opus-4-7": {
                "input": 5, "output": 25, "cache_read": 0.5, "cache_write": 6.25, "context_window": 1000000, "max_output": 128000},
              "claude-opus-4-8": {
                "input": 5, "output": 25, "cache_read": 0.5, "cache_write": 6.25, "context_window": 1000000, "max_output": 128000},
              "claude-opus-5": {
                "input": 5, "output": 25, "cache_read": 0.5, "cache_write": 6.25, "context_window": 1000000, "max_output": 128000},
              "claude-opus-5-5": {
                "input": 4, "output": 20, "cache_read": 0.2, "cache_write": 5, "context_window": 1000000, "max_output": 128000},
              "claude-sonnet-4-5": {
                "input": 3, "output": 15, "cache_read": 0.3, "cache_write": 3.75, "context_window": 200000, "max_output": 64000},
              "claude-sonnet-4-6": {
                "input": 3, "output": 15, "cache_read": 0.3, "cache_write": 3.75, "context_window": 1000000, "max_output": 128000},
              "claude-sonnet-5": {
                "input": 2, "output": 10, "cache_read": 0.2, "cache_write": 2.5, "context_window": 1000000, "max_output": 128000},
              "claude-sonnet-5-5": {
                "input": 2, "output": 10, "cache_read": 0.1, "cache_write": 2.5, "context_window": 1000000, "max_output": 128000}
            },
            "xai": {
              "grok-4.20": {
                "input": 1.25, "output": 2.5, "cache_read": 0.2, "context_window": 1000000, "max_output": 1000000,
                "above": {"tokens": 200000, "input": 2.5, "output": 5, "cache_read": 0.4}},
              "grok-4.20-multi-agent": {
                "input": 1.25, "output": 2.5, "cache_read": 0.2, "context_window": 1000000, "max_output": 1000000,
                "above": {"tokens": 200000, "input": 2.5, "output": 5, "cache_read": 0.4}},
              "grok-4.20-non-reasoning": {
                "input": 1.25, "output": 2.5, "cache_read": 0.2, "context_window": 1000000, "max_output": 1000000,
                "above": {"tokens": 200000, "input": 2.5, "output": 5, "cache_read": 0.4}},
              "grok-4.20-reasoning": {
                "input": 1.25, "output": 2.5, "cache_read": 0.2, "context_window": 1000000, "max_output": 1000000,
                "above": {"tokens": 200000, "input": 2.5, "output": 5, "cache_read": 0.4}},
              "grok-4.3": {
                "input": 1.25, "output": 2.5, "cache_read": 0.2, "context_window": 1000000, "max_output": 1000000,
                "above": {"tokens": 200000, "input": 2.5, "output": 5, "cache_read": 0.4}},
              "grok-4.5": {
                "input": 2, "output": 6, "cache_read": 0.3, "context_window": 500000, "max_output": 500000,
                "above": {"tokens": 200000, "input": 4, "output": 12, "cache_read": 0.6}},
              "grok-4.6": {
                "input": 2, "output": 6, "cache_read": 0.5, "context_window": 500000, "max_output": 500000,
                "above": {"tokens": 200000, "input": 4, "output": 12, "cache_read": 1}},
              "grok-4.7": {
                "input": 2, "output": 6, "cache_read": 0.5, "context_window": 500000, "max_output": 500000,
                "above": {"tokens": 200000, "input": 4, "output": 12, "cache_read": 1}},
              "grok-build-0.1": {
                "input": 1, "output": 2, "cache_read": 0.2, "context_window": 256000, "max_output": 256000,
                "above": {"tokens": 200000, "input": 2, "output": 4, "cache_read": 0.4}},
              "grok-build-latest": {
                "input": 2, "output": 6, "cache_read": 0.3, "context_window": 500000, "max_output": 500000,
                "above": {"tokens": 200000, "input": 4, "output": 12, "cache_read": 0.6}},
              "grok-code-fast": {
                "input": 1, "output": 2, "cache_read": 0.2, "context_window": 256000, "max_output": 256000,
                "above": {"tokens": 200000, "input": 2, "output": 4, "cache_read": 0.4}},
              "grok-code-fast-1": {
                "input": 1, "output": 2, "cache_read": 0.2, "context_window": 256000, "max_output": 256000,
                "above": {"tokens": 200000, "input": 2, "output": 4, "cache_read": 0.4}}
            },
            "offline": {
              "*": {"input": 0, "output": 0, "context_window": 200000, "max_output": 8192}
            }
          }
        }
        """#
}
