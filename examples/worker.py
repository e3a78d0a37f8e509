#!/usr/bin/env python3
"""A worker in Python, one task at a time: AGENTCORP_DATABASE=... worker.py [QUEUE]. It needs psycopg 3."""
import os, signal, socket, sys, threading, time
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

handlers = {  # kind: what is called with the task; what that returns is the output
    "add": lambda task: sum(task["args"]["numbers"]),
    "nap": lambda task: time.sleep(task["args"]["seconds"]),
    "greet": lambda task: {"text": f"Hello, {task['args']['name']}!"},
}
dsn, queue = os.environ["AGENTCORP_DATABASE"], (sys.argv[1:] or ["default"])[0]
stop = threading.Event()
ended = set()  # (task, attempt) that others have ended: a handler that takes long looks here and gives up
signal.signal(signal.SIGTERM, lambda *_: stop.set())

def beat(worker, lost):
    while not lost.wait(5):
        try:
            with psycopg.connect(dsn, autocommit=True) as db:
                ended.update(row[:2] for row in db.execute("select * from agentcorp.heartbeat(%s)", [worker]))
        except psycopg.Error as error:
            if error.sqlstate == "AC005":  # declared dead: others have its tasks
                lost.set()

def run(task):
    print("task", task["task_id"], "attempt", task["attempt"], task["kind"], flush=True)
    try:
        return "completed", Jsonb(handlers[task["kind"]](task)), None
    except Exception as error:
        return "failed", None, Jsonb({"reason": type(error).__name__, "message": str(error)})

def work(db, worker, lost):
    while not (stop.is_set() or lost.is_set()):
        tasks = db.execute("select * from agentcorp.claim(%s, %s, 10)", [worker, queue]).fetchall()
        for task in tasks:
            if stop.is_set() or lost.is_set():
                return  # what has not started is given back with the worker
            # The answer is false when somebody else has ended the attempt: nothing was recorded then, and nothing is to be done.
            db.execute("select agentcorp.finish(%s, %s, %s, %s, %s, %s)", [task["task_id"], task["attempt"], worker, *run(task)])
        if not tasks:
            stop.wait(1)

worker = None
while not stop.is_set():
    lost = threading.Event()
    try:
        with psycopg.connect(dsn, autocommit=True, row_factory=dict_row) as db:
            if worker:  # the connection broke: what the answer to a claim may have held goes back
                db.execute("select agentcorp.retire_worker(%s)", [worker])
            worker = db.execute("select worker from agentcorp.register_worker(%s, %s, '1', %s, %s, 1)",
                [socket.gethostname(), os.getpid(), [queue], list(handlers)]).fetchone()["worker"]
            threading.Thread(target=beat, args=[worker, lost], daemon=True).start()
            work(db, worker, lost)
            db.execute("select agentcorp.retire_worker(%s)", [worker])
    except psycopg.Error as error:
        print("trying again:", error, file=sys.stderr)
        stop.wait(1)
    finally:
        lost.set()
