"""A function in Python: an HTTP server of the standard library on $PORT.

  /            says hello            /env     its environment, one a line
  /tmp-write   writes and reads a file in /tmp
  /subprocess  runs the interpreter as a child and tells what the child said
  /threads     adds numbers in eight threads
  /dns         resolves a name that /etc/hosts has, and fails to resolve one that nobody has
SIGTERM ends it with status 0.
"""

import http.server
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading


def say_hello():
    return "hello from python\n"


def say_environment():
    return "".join(f"{name}={value}\n" for name, value in os.environ.items())


def say_tmp_write():
    with tempfile.TemporaryFile("w+", dir="/tmp") as file:
        file.write("kept")
        file.seek(0)
        return f"file says {file.read()}\n"


def say_subprocess():
    child = subprocess.run([sys.executable, "-S", "-c", "print(42, end='')"], stdout=subprocess.PIPE, text=True)
    return f"child says {child.stdout}, status {child.returncode}\n"


def say_threads():
    sums = [0] * 8

    def add(index):
        sums[index] = sum(range(1, 1001))

    threads = [threading.Thread(target=add, args=(index,)) for index in range(len(sums))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return f"threads say {sum(sums)}\n"


def say_dns():
    socket.getaddrinfo("localhost", 80)
    try:
        socket.getaddrinfo("nowhere.invalid", 80)
    except socket.gaierror:
        return "dns says ok\n"
    return "dns says that nowhere is somewhere\n"


ANSWERS = {
    "/": say_hello,
    "/env": say_environment,
    "/tmp-write": say_tmp_write,
    "/subprocess": say_subprocess,
    "/threads": say_threads,
    "/dns": say_dns,
}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        answer = ANSWERS.get(self.path)
        try:
            status, body = (200, answer()) if answer else (404, "no such path\n")
        except OSError as error:
            status, body = 500, f"error: {error}\n"
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def main():
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    port = int(os.environ.get("PORT", "8080"))
    server = http.server.ThreadingHTTPServer(("", port), Handler)
    print(f"listening on {port}", file=sys.stderr, flush=True)
    server.serve_forever()


main()
