"""llama.cpp's own HTTP server, from its PyPI package, on a port of its choice.

    serve.py MODEL PORT_FILE"""
import sys
import signal

import xllamacpp


def main(model, port_file):
    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.n_ctx = 2048
    parameters.n_parallel = 2
    parameters.warmup = False
    parameters.cpuparams.n_threads = 1
    server = xllamacpp.Server(parameters)
    with open(port_file, "w", encoding="utf-8") as file:
        file.write(server.listening_address)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main(*sys.argv[1:])
