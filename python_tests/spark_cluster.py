"""A standalone Spark cluster on loopback: a master and two workers, each a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

HOST = "127.0.0.1"


@contextmanager
def running_cluster(folder: Path, *, workers: int = 2, memory: str = "1500m") -> Iterator[str]:
    """Give the address of a cluster whose processes end, by their own ids, with the block."""
    master_port, page_port = free_port(), free_port()
    with ExitStack() as stack:
        master = ["Master", "--host", HOST, "--port", str(master_port)]
        stack.enter_context(_process(folder, [*master, "--webui-port", str(page_port)], "master"))
        _wait(folder / "master.log", "I have been elected leader")
        address = f"spark://{HOST}:{master_port}"
        for number in range(workers):
            name = f"worker{number}"
            options = ["--host", HOST, "--webui-port", str(free_port()), "--cores", "1"]
            options += ["--memory", memory, "--work-dir", str(folder / name), address]
            stack.enter_context(_process(folder, ["Worker", *options], name))
        for number in range(workers):
            _wait(folder / f"worker{number}.log", "Successfully registered with master")
        yield address


def free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])


@contextmanager
def _process(folder: Path, command: list[str], name: str) -> Iterator[None]:
    import pyspark

    home = Path(pyspark.__file__).parent
    environment = {**os.environ, "SPARK_LOCAL_IP": HOST, "SPARK_HOME": str(home)}
    environment |= {"SPARK_DAEMON_MEMORY": "256m"}
    with (folder / f"{name}.log").open("w") as log:
        process = subprocess.Popen(
            [
                str(home / "bin" / "spark-class"),
                f"org.apache.spark.deploy.{command[0].lower()}.{command[0]}",
                *command[1:],
            ],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield
    finally:
        # The script of spark-class is its leader: Java and the executors are of the same group.
        for kind in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, kind)
                process.wait(15)
                break
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue


def _wait(log: Path, words: str, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while words not in log.read_text():
        assert time.monotonic() < deadline, f"{log} does not say {words!r}:\n{log.read_text()}"
        time.sleep(0.2)
