#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""examples/slurm.sh without Slurm: a server a GPU is started, asked and stopped. The vllm on PATH is one of these tests."""
import os
import signal
import socket
import subprocess
import time

from harness import ASSENT, ROOT, main
from test_server import Server

SCRIPT = os.path.join(ROOT, "examples", "slurm.sh")
VLLM = """#!/usr/bin/python3
import os, sys, time
sys.path.insert(0, {tests!r})
from fake_chat import Chat
if "broken" in sys.argv:
    sys.exit(1)
time.sleep(0.5)
def answer(question, picture):
    time.sleep({seconds})
    return {{"Yes": 0.9}}
chat = Chat(answer, key=os.environ["VLLM_API_KEY"], port=int(sys.argv[sys.argv.index("--port") + 1]))
with open(f"gpu-{{os.environ['CUDA_VISIBLE_DEVICES']}}", "w") as f:
    f.write(" ".join(sys.argv[1:]))
while True:
    time.sleep(1)
"""


def free_ports():
    """The first of two ports in a row that nobody has."""
    while True:
        with socket.socket() as a, socket.socket() as b:
            a.bind(("127.0.0.1", 0))
            port = a.getsockname()[1]
            try:
                b.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


class Job(Server):
    def start(self, *args, seconds=0):
        self.port = free_ports()
        self.names = self.project(f"http://127.0.0.1:{self.port}/v1", 6, "  - {name: Hat, text: Is there a hat?}\n")
        text = self.read("assent.yaml").replace(
            f"url: \"http://127.0.0.1:{self.port}/v1\"", "api_key_env: VLLM_API_KEY, concurrency: 2, url: "
            f"[\"http://127.0.0.1:{self.port}/v1\", \"http://127.0.0.1:{self.port + 1}/v1\"]")
        self.write("assent.yaml", text)
        os.makedirs(self.path("bin"))
        self.write("bin/vllm", VLLM.format(tests=os.path.dirname(os.path.abspath(__file__)), seconds=seconds))
        os.chmod(self.path("bin/vllm"), 0o755)
        os.symlink(ASSENT, self.path("bin/assent"))
        env = {**os.environ, "PATH": self.path("bin") + ":" + os.environ["PATH"], "CUDA_VISIBLE_DEVICES": "0,7",
               "PORT": str(self.port)}
        job = subprocess.Popen(["bash", SCRIPT, *args], cwd=self.dir, env=env, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(job.kill)
        return job

    def all_is_stopped(self):
        for port in (self.port, self.port + 1):
            with socket.socket() as s:
                self.assertNotEqual(s.connect_ex(("127.0.0.1", port)), 0)

    def test_a_server_a_gpu(self):
        job = self.start("some/model", "--quiet")
        said = job.communicate(timeout=60)
        self.assertEqual(job.returncode, 0, said)
        self.assertEqual({r["value"] for r in self.rows().values()}, {"yes"})
        self.assertEqual(len(self.rows()), len(self.names))
        for i, gpu in enumerate("07"):
            self.assertIn(f"serve some/model --host 127.0.0.1 --port {self.port + i} ", self.read(f"gpu-{gpu}"))
        self.all_is_stopped()

    def test_a_server_that_does_not_start(self):
        job = self.start("broken")
        said = job.communicate(timeout=60)[1]
        self.assertEqual(job.returncode, 1, said)
        self.assertIn("see vllm-0-0.log", said)
        self.all_is_stopped()

    def test_told_to_end(self):
        job = self.start("some/model", seconds=1)
        while not os.path.exists(self.path("gpu-0")):
            time.sleep(0.05)
        time.sleep(3)
        job.send_signal(signal.SIGTERM)
        said = job.communicate(timeout=60)
        self.assertEqual(job.returncode, 130, said)
        self.assertTrue(0 < sum(r["value"] == "yes" for r in self.rows().values()) < len(self.names))
        self.all_is_stopped()


if __name__ == "__main__":
    main()
