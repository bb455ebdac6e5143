"""A packed module has its compiled code beside its source, which a host with this release of Python uses."""

import base64
import io
import zipfile
import zipimport

from ansible_callbacks.module_cache import with_compiled_code


def test_nothing_in_a_packed_module_is_compiled_again(tmp_path, monkeypatch):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("package/__init__.py", "")
        archive.writestr("package/module.py", "value = 1\n")
    packed = tmp_path / "packed.zip"
    packed.write_bytes(base64.b64decode(with_compiled_code(base64.b64encode(content.getvalue()))))
    monkeypatch.setattr(zipimport, "_compile_source", None)
    found = {}
    exec(zipimport.zipimporter(f"{packed}/package").get_code("module"), found)  # noqa: S102 - the line above
    assert found["value"] == 1
    assert zipfile.ZipFile(packed).read("package/module.py") == b"value = 1\n"
