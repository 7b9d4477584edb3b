"""The servers that the daemon is measured against, each on equal terms.

One worker (or as many as the case has), the access log to a file, sendfile, and each server's own
caches on. Where a peer has something that makes it faster and that its package offers, it is on.
Each function starts a server for a case: its scratch directory, the document root, the case.
"""

import os

from . import daemon, servers, system
from .servers import Server


def floor(directory, root, case):
    """The bare loop: it sends as much as the case has, or stores what is uploaded."""
    port = servers.free_port()
    arguments = [system.build_c("floor.c"), port]
    arguments += ["put", root] if case.uploads else [case.floor_content]
    if case.closes:
        arguments.append("close")
    return Server("floor", arguments, port, directory=directory)


def floor_kept(directory, root, case):
    """The bare loop with what the daemon promises beside: a look at the file, and a line of log."""
    port = servers.free_port()
    log = directory / "access.log"
    arguments = [system.build_c("floor.c"), port, case.floor_content, "kept",
                 str(root) + case.target, log]
    return Server("floor-kept", arguments, port, directory=directory, logs=[log])


def httpd_swift(directory, root, case):
    """The daemon."""
    return daemon.start(directory, root, workers=case.workers, site=case.site, cores=case.cores)


def user():
    """The user that servers stay, where they would change to one that may not read the files."""
    return "root" if os.geteuid() == 0 else os.environ.get("USER", "nobody")


def nginx(directory, root, case, log_options=""):
    """nginx with sendfile and its cache of open files; PUT by its DAV module."""
    port = servers.free_port()
    log = directory / "access.log"
    (directory / "nginx.conf").write_text(f"""
        daemon off; worker_processes {case.workers}; worker_rlimit_nofile 32768;
        {"user root;" if os.geteuid() == 0 else ""}
        pid {directory}/nginx.pid; error_log {directory}/error.log crit;
        events {{ worker_connections 16384; multi_accept on; }}
        http {{
            types {{ text/html html; text/plain txt; }} default_type application/octet-stream;
            access_log {log} combined {log_options};
            sendfile on; tcp_nopush on; keepalive_timeout 600; keepalive_requests 1000000000;
            open_file_cache max=20000 inactive=60s; open_file_cache_valid 5s;
            gzip {"on" if case.compresses else "off"}; gzip_min_length 1000;
            gzip_types text/plain; gzip_comp_level 6;
            autoindex {"on" if case.lists else "off"};
            client_max_body_size 0; client_body_temp_path {directory}/body;
            proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
            uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
            server {{
                listen 127.0.0.1:{port} backlog=4096; root {root};
                location /put/ {{ dav_methods PUT; }}
            }}
        }}""")
    arguments = [system.find_program("nginx"), "-p", directory, "-c", directory / "nginx.conf"]
    return Server("nginx", arguments, port, directory=directory, logs=[log], cores=case.cores)


def nginx_buffered(directory, root, case):
    """nginx with its lines for the access log collected, which is not its default."""
    server = nginx(directory, root, case, "buffer=64k flush=1s")
    server.name = "nginx-buffered"
    return server


def lighttpd(directory, root, case):
    """lighttpd; what it compressed is kept on the disk, PUT by mod_webdav."""
    port = servers.free_port()
    log = directory / "access.log"
    modules, settings = ["mod_accesslog"], []
    if case.uploads:
        modules.append("mod_webdav")
        settings += [f'server.upload-dirs = ( "{root}" )',
                     '$HTTP["url"] =^ "/put/" { webdav.activate = "enable" }']
    if case.compresses:
        modules.append("mod_deflate")
        cache = directory / "deflated"
        cache.mkdir()
        settings += ['deflate.mimetypes = ( "text/plain" )',
                     'deflate.allowed-encodings = ( "gzip" )', f'deflate.cache-dir = "{cache}"']
    if case.lists:
        modules.append("mod_dirlisting")
        settings.append('dir-listing.activate = "enable"')
    if case.workers > 1:
        settings.append(f"server.max-worker = {case.workers}")
    (directory / "lighttpd.conf").write_text(f"""
        server.modules = ( {", ".join(f'"{module}"' for module in modules)} )
        server.bind = "127.0.0.1"
        server.port = {port}
        server.document-root = "{root}"
        server.max-fds = 32768
        server.max-connections = 16384
        server.max-keep-alive-requests = 100000000
        server.max-keep-alive-idle = 600
        server.listen-backlog = 4096
        accesslog.filename = "{log}"
        mimetype.assign = ( ".html" => "text/html", ".txt" => "text/plain",
                            "" => "application/octet-stream" )
        """ + "\n".join(settings) + "\n")
    arguments = [system.find_program("lighttpd"), "-D", "-f", directory / "lighttpd.conf"]
    return Server("lighttpd", arguments, port, directory=directory, logs=[log], cores=case.cores)


def h2o(directory, root, case):
    """h2o; it caches open files by default, and has no PUT."""
    port = servers.free_port()
    log = directory / "access.log"
    (directory / "h2o.conf").write_text(
        f"num-threads: {case.workers}\nmax-connections: 16384\nhttp1-request-timeout: 600\n"
        f"user: {user()}\naccess-log: {log}\nfile.dirlisting: {'ON' if case.lists else 'OFF'}\n"
        f"compress: {'[ gzip ]' if case.compresses else 'OFF'}\n"
        f"listen:\n  host: 127.0.0.1\n  port: {port}\n"
        f"hosts:\n  default:\n    paths:\n      /:\n        file.dir: {root}\n")
    arguments = [system.find_program("h2o"), "-c", directory / "h2o.conf"]
    return Server("h2o", arguments, port, directory=directory, logs=[log], cores=case.cores)


def caddy(directory, root, case):
    """Caddy with as many processors as workers; its log is JSON, and it has no PUT."""
    port = servers.free_port()
    log = directory / "access.log"
    (directory / "Caddyfile").write_text(
        "{\n admin off\n auto_https off\n}\n"
        f"http://127.0.0.1:{port} {{\n bind 127.0.0.1\n root * {root}\n"
        f" log {{\n  output file {log} {{\n   roll_disabled\n  }}\n }}\n"
        f" {'encode gzip' if case.compresses else ''}\n"
        f" file_server {'browse' if case.lists else ''}\n}}\n")
    arguments = [system.find_program("caddy"), "run", "--adapter", "caddyfile",
                 "--config", directory / "Caddyfile"]
    environment = {"GOMAXPROCS": str(case.workers), "HOME": str(directory),
                   "XDG_DATA_HOME": str(directory), "XDG_CONFIG_HOME": str(directory)}
    return Server("caddy", arguments, port, directory=directory, logs=[log], cores=case.cores,
                  environment=environment)


PEERS = {"nginx": nginx, "h2o": h2o, "lighttpd": lighttpd, "caddy": caddy}
FLOORS = {"floor": floor, "floor-kept": floor_kept}
STARTERS = {**FLOORS, daemon.NAME: httpd_swift, **PEERS, "nginx-buffered": nginx_buffered}


def packages_of(names):
    """The packages that these peers need."""
    return {package: program for package, program in system.PEER_PACKAGES.items()
            if any(package.startswith(name.split("-")[0]) for name in names)}
