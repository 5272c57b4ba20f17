"""The packages that the tests look at, built once per run of them. BURSAR_BUILT: see installer/debian/rules.

BURSAR_RELEASE: of which Debian, bookworm or trixie (default: this machine's)."""
import atexit
import functools
import os
import pathlib
import shutil
import subprocess
import tempfile

from machine import ROOT, WORK, base, own_release, release


def build(name, *options):
    """installer/package, or installer/package-in for another release, into a folder of its own; the path of the package."""
    output = WORK / name
    subprocess.run(["rm", "-rf", output], check=True)
    if release() == own_release():
        command = [ROOT / "installer/package", "--output", output, "--scratch", WORK / f"{name}.scratch"]
    else:
        command = [ROOT / "installer/package-in", release(), "--output", output]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{command[0]}: {done.stderr[-3000:]}")
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


@functools.cache
def key_folder():
    """A key for signing that nobody trusts and nobody keeps. In a short path: gpg's agent listens at a socket in it."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bursar-gpg-"))
    gone = os.environ | {"GNUPGHOME": str(folder)}
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(subprocess.run, ["gpgconf", "--kill", "all"], env=gone, capture_output=True, check=False)
    subprocess.run(["gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", "bundle@bursar.example", "ed25519", "sign", "1d"],
                   env=gone, check=True, capture_output=True)
    return folder


@functools.cache
def bundle_file():
    """The bundle of built(), signed."""
    file = WORK / "bundle.tar"
    done = subprocess.run([ROOT / "installer/bundle", "--package", built(), "--release", release(), "--system", base(), "--output", file, "--sign-with", "bundle@bursar.example"],
                          env=os.environ | {"GNUPGHOME": str(key_folder())}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"installer/bundle: {done.stderr[-3000:]}")
    return file


@functools.cache
def bundle():
    """The same, unpacked."""
    folder = WORK / "bundle"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run(["tar", "--extract", f"--file={bundle_file()}", f"--directory={folder}", "--strip-components=1"], check=True)
    return folder
