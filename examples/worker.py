#!/usr/bin/env python3
"""A worker in Python: AGENTCORP_DATABASE=... worker.py [QUEUE]. It needs psycopg 3."""
import os, signal, socket, sys, threading, time, psycopg
from psycopg.types.json import Jsonb
handlers = {  # kind: what is called with the arguments; what that returns is the output
    "add": lambda args: sum(args["numbers"]), "nap": lambda args: time.sleep(args["seconds"]),
    "greet": lambda args: {"text": f"Hello, {args['name']}!"}}
queue, stop, worker = (sys.argv[1:] or ["default"])[0], threading.Event(), None
signal.signal(signal.SIGTERM, lambda *_: stop.set())
connect = lambda: psycopg.connect(os.environ["AGENTCORP_DATABASE"], autocommit=True)
def beat(worker, gone):  # from a connection of its own; an error (AC005) says that others have its tasks now
    with connect() as db:
        while not gone.wait(5):
            try: db.execute("select agentcorp.heartbeat(%s)", [worker])
            except psycopg.Error: gone.set()
def run(kind, args):
    try: return "completed", Jsonb(handlers[kind](args)), None
    except Exception as error: return "failed", None, Jsonb({"reason": type(error).__name__, "message": str(error)})
while not stop.is_set():
    gone = threading.Event()
    try:
        with connect() as db:  # after a broken connection, what the old worker held goes back at once
            if worker: db.execute("select agentcorp.retire_worker(%s)", [worker])
            worker = db.execute("select worker from agentcorp.register_worker(%s, %s, '1', %s, %s, 1)",
                [socket.gethostname(), os.getpid(), [queue], list(handlers)]).fetchone()[0]
            threading.Thread(target=beat, args=[worker, gone], daemon=True).start()
            while not (stop.is_set() or gone.is_set()):
                tasks = db.execute("select task_id, attempt, kind, args from agentcorp.claim(%s, %s, 1)", [worker, queue]).fetchall()
                for task, attempt, kind, args in tasks or stop.wait(1) or []:
                    print(f"task {task} attempt {attempt} {kind}", flush=True)
                    db.execute("select agentcorp.finish(%s, %s, %s, %s, %s, %s)", [task, attempt, worker, *run(kind, args)])
            db.execute("select agentcorp.retire_worker(%s)", [worker])
    except psycopg.Error as error: print(f"trying again: {error}", file=sys.stderr) or stop.wait(1)
    finally: gone.set()
