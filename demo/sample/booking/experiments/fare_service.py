"""A stand-in for the fare service that an experiment can silence or break. Loopback only."""
import http.server
import json
import threading
import time

MODE = {"now": "normal"}


class Fares(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/mode/"):
            MODE["now"] = self.path.rsplit("/", 1)[1]
        elif MODE["now"] == "silent":
            time.sleep(8)
        elif MODE["now"] == "broken":
            return self.answer(500, {"error": "broken on purpose"})
        return self.answer(200, {"Alderhaven": 44, "Skerry": 39, "Tarn Bay": 64})

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 8099), Fares)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever).start()
