"""Generates the messages and stubs from the tree's protos while the wheel is built; nothing generated is committed."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

PROTOS = Path(__file__).resolve().parent.parent.parent / "proto"


class BuildWithProtos(build_py):
    def run(self):
        super().run()
        from grpc_tools import protoc
        from importlib.resources import files

        if not PROTOS.is_dir():
            raise SystemExit(f"{PROTOS} is not there: build from the source tree")
        out = Path(self.build_lib)
        sources = sorted(str(path) for path in (PROTOS / "cassl").rglob("*.proto"))
        known = files("grpc_tools") / "_proto"
        arguments = ["protoc", f"-I{PROTOS}", f"-I{known}", f"--python_out={out}", f"--grpc_python_out={out}", *sources]
        if protoc.main(arguments) != 0:
            raise SystemExit("protoc failed")
        (out / "cassl/v1/__init__.py").touch()


setup(cmdclass={"build_py": BuildWithProtos})
