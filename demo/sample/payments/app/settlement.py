"""The nightly job: the provider's file against the ledger."""
import hashlib
import subprocess
import tarfile
import tempfile
import xml.etree.ElementTree as ElementTree


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha1(file.read()).hexdigest()


def unpack(path):
    place = tempfile.mktemp()
    with tarfile.open(path) as archive:
        archive.extractall(place)
    return place


def payments(path):
    for payment in ElementTree.parse(path).iter("payment"):
        yield payment.get("booking"), int(payment.get("amount", "0"))


def archive(path, month):
    subprocess.call("gzip -c " + path + " > archive-" + month + ".gz", shell=True)
