"""nginx as Debian configures it (sendfile, tcp_nopush, an access log), in a folder of its own."""

import http.client
import os
import pwd
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager

from hub import free_port

# What differs from Debian's file, beside paths: no limit on requests per connection, which would
# make nginx pay for reconnects.
CONFIG = """
{user}
worker_processes auto;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 768; }}
http {{
  sendfile on;
  tcp_nopush on;
  types_hash_max_size 2048;
  default_type application/octet-stream;
  access_log {folder}/access.log;
  keepalive_requests 100000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/www;
    {locations}
  }}
}}
"""
# As git-http-backend(1) and Debian's fcgiwrap describe it.
GIT_LOCATION = """
    location ~ ^/git(/.*) {{
      client_max_body_size 0;
      gzip off;
      fastcgi_pass unix:{socket};
      include /etc/nginx/fastcgi_params;
      fastcgi_param SCRIPT_FILENAME /usr/lib/git-core/git-http-backend;
      fastcgi_param GIT_PROJECT_ROOT {projects};
      fastcgi_param GIT_HTTP_EXPORT_ALL "";
      fastcgi_param PATH_INFO $1;
      fastcgi_param REMOTE_USER bench;
    }}
"""
START_SECONDS_MAX = 10


class Nginx:
    """Serves the files of `www`. Started and stopped by its process."""

    locations = ""

    def __init__(self, folder):
        self.folder, self.port, self.process = folder, free_port(), None
        self.www = folder / "www"
        self.www.mkdir(parents=True)

    def start(self):
        user = f"user {pwd.getpwuid(os.getuid()).pw_name};" if os.getuid() == 0 else ""
        config = self.folder / "nginx.conf"
        config.write_text(CONFIG.format(user=user, folder=self.folder, port=self.port,
                                        locations=self.locations))
        self.process = subprocess.Popen(
            [shutil.which("nginx") or "/usr/sbin/nginx", "-c", config, "-p", self.folder,
             "-e", self.folder / "error.log", "-g", "daemon off;"],
            stdin=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_SECONDS_MAX
        while not self._answers():
            assert self.process.poll() is None and time.monotonic() < deadline, (
                "nginx does not start: " + (self.folder / "error.log").read_text(errors="replace"))
            time.sleep(0.02)
        return self

    @property
    def pid(self):
        return self.process.pid

    def _answers(self):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
            connection.request("GET", "/")
            connection.getresponse().read()
            return True
        except OSError:
            return False

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)
        self.process = None


class GitBackend(Nginx):
    """`git http-backend` behind nginx and fcgiwrap: the repositories of `projects`, under /git/."""

    # Clients at once in the largest row; each of fcgiwrap's processes serves one.
    PROCESSES = 32

    def __init__(self, folder):
        super().__init__(folder)
        self.projects, self.socket = folder / "projects", folder / "fcgi.sock"
        self.projects.mkdir()
        self.locations = GIT_LOCATION.format(socket=self.socket, projects=self.projects)
        self.wrapper = None

    @contextmanager
    def running(self):
        self.wrapper = subprocess.Popen(
            ["/usr/sbin/fcgiwrap", "-c", str(self.PROCESSES), "-s", f"unix:{self.socket}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=(self.folder / "fcgi.log").open("w"), start_new_session=True,
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"})
        try:
            yield self.start()
        finally:
            self.stop()
            # Its processes do not end with the first of them.
            os.killpg(self.wrapper.pid, signal.SIGTERM)
            self.wrapper.wait(10)
