"""The packages that the tests look at, built once per run of them. BURSAR_BUILT: see installer/debian/rules."""
import functools
import pathlib
import subprocess

from machine import ROOT, WORK


def build(name, *options):
    """installer/package into a folder of its own; the path of the package."""
    output = WORK / name
    subprocess.run(["rm", "-rf", output], check=True)
    done = subprocess.run([ROOT / "installer/package", "--output", output, "--scratch", WORK / f"{name}.scratch", *options], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"installer/package: {done.stderr[-3000:]}")
    return next(iter(pathlib.Path(output).glob("bursar_*.deb")))


@functools.cache
def built():
    return build("built")


@functools.cache
def again():
    """The same in another folder."""
    return build("again")


@functools.cache
def next_version():
    """The same sources as a later version."""
    return build("next", "--version", "99.0.0")
