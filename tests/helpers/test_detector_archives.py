"""Archives that are whole, damaged, malicious or not there; nothing is ever half-unpacked."""

from __future__ import annotations

import http.server
import io
import os
import tarfile
import threading
from pathlib import Path

import pytest

from helpers import detector
from helpers.detector import _unpacked, load_detector
from helpers.errors import WeightsError


def unpack(archive):
    return _unpacked(str(archive))


def pack(path: Path, members: dict[str, bytes | tarfile.TarInfo]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return path


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.fixture
def archive(tmp_path) -> Path:
    return pack(tmp_path / "model.tar.gz", {"model/saved_model/saved_model.pb": b"graph"})


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(detector, "CACHE", tmp_path / "cache")
    return tmp_path / "cache"


def leftovers(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.glob("*")) if cache.exists() else []


def test_unpacked_once_and_kept(archive, cache):
    folder = unpack(archive)
    assert (folder / "model/saved_model/saved_model.pb").read_bytes() == b"graph"
    assert leftovers(cache) == [folder.name]
    (folder / "mark").touch()
    assert (unpack(archive) / "mark").exists()


def test_another_archive_of_the_same_name_is_another_model(archive, cache):
    first = unpack(archive)
    pack(archive, {"model/saved_model/saved_model.pb": b"other"})
    assert unpack(archive) != first


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("../outside", b"x"),
        ("model/../../outside", b"x"),
        ("link", link("link", "/etc/passwd")),
        ("link", link("link", "../../outside")),
        ("hard", link("hard", "../outside", tarfile.LNKTYPE)),
        ("pipe", link("pipe", "", tarfile.FIFOTYPE)),
        ("device", link("device", "", tarfile.CHRTYPE)),
    ],
)
def test_members_that_reach_outside_are_refused_and_nothing_is_left(name, content, tmp_path, cache):
    path = pack(tmp_path / "evil.tar.gz", {"model/saved_model.pb": b"graph", name: content})
    with pytest.raises(WeightsError, match=r"evil.tar.gz: expected .*found"):
        unpack(path)
    assert leftovers(cache) == []
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
def test_a_damaged_archive_leaves_nothing(keep, tmp_path, cache):
    path = pack(tmp_path / "cut.tar.gz", {"a": os.urandom(50_000), "b": os.urandom(50_000)})
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(WeightsError, match=r"cut.tar.gz: expected a whole .tar"):
        unpack(path)
    assert leftovers(cache) == []


def test_flipped_bytes_are_damage_too(tmp_path, cache):
    path = pack(tmp_path / "bad.tar.gz", {"a": os.urandom(50_000)})
    content = bytearray(path.read_bytes())
    content[20_000:20_050] = bytes(50)
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="expected a whole"):
        unpack(path)
    assert leftovers(cache) == []


def test_what_is_no_archive_is_named(tmp_path, cache):
    (tmp_path / "model.zip").write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(WeightsError, match=r"model.zip: expected a whole .tar"):
        unpack(tmp_path / "model.zip")
    with pytest.raises(WeightsError, match="no such file"):
        load_detector(tmp_path / "nothing.tar.gz")


# --- downloads, from a server on this machine ---------------------------------------------------


@pytest.fixture
def server(archive):
    """Serves the archive; `/short` promises more than it sends, anything else is missing."""
    content = archive.read_bytes()
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            if self.path not in ("/model.tar.gz", "/short.tar.gz"):
                self.send_error(404)
                return
            self.send_response(200)
            extra = 100 if "short" in self.path else 0
            self.send_header("Content-Length", str(len(content) + extra))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        thread = threading.Thread(target=served.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}", asked
        served.shutdown()


def test_downloaded_and_unpacked_once(server, archive, cache):
    address, asked = server
    folder = unpack(f"{address}/model.tar.gz")
    assert (folder / "model/saved_model/saved_model.pb").read_bytes() == b"graph"
    assert unpack(f"{address}/model.tar.gz") == folder
    assert asked == ["/model.tar.gz"]
    assert leftovers(cache) == [folder.name]


@pytest.mark.parametrize(
    ("path", "message"),
    [("/missing.tar.gz", "404"), ("/short.tar.gz", "retrieval incomplete")],
)
def test_a_bad_download_leaves_nothing(server, path, message, cache):
    with pytest.raises(WeightsError, match=message):
        unpack(server[0] + path)
    assert leftovers(cache) == []


def test_without_a_network_the_address_is_named(cache):
    with pytest.raises(WeightsError, match=r"http://127.0.0.1:9/model.tar.gz: expected a whole"):
        unpack("http://127.0.0.1:9/model.tar.gz")
    assert leftovers(cache) == []


def test_the_detector_loads_an_archive_of_the_zoo(archive, tmp_path, cache):
    saved_models = pytest.importorskip("tests.helpers.saved_models")
    saved_models.save(tmp_path / "export" / "saved_model")
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(tmp_path / "export", "mask_rcnn_inception_resnet_v2_1024x1024_coco17_gpu-8")
    zoo = archive.rename(tmp_path / "mask_rcnn_inception_resnet_v2_1024x1024_coco17_gpu-8.tar.gz")
    detect = load_detector(zoo)
    assert detect.class_names[3] == "car"
    assert len(detect.class_names) == 80
    assert detect.class_names[90] == "toothbrush"
