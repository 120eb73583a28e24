"""moto's S3 server, one writing request at a time.

moto looks whether a key is there and then keeps it, in threads without a lock: of several writers with `If-None-Match: *` more than one
could win, which S3 never lets happen.
"""

import io
import sys
import threading

from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple

moto = DomainDispatcherApplication(create_backend_app)
writing = threading.Lock()


def serve(environ, start_response):
    length = environ.get("CONTENT_LENGTH")
    if environ["REQUEST_METHOD"] not in ("PUT", "POST") or not length:
        return moto(environ, start_response)
    # Whole before the lock: a body that comes slowly holds up nobody else.
    environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(length)))
    with writing:
        return moto(environ, start_response)


run_simple("127.0.0.1", int(sys.argv[1]), serve, threaded=True, request_handler=MotoRequestHandler)
