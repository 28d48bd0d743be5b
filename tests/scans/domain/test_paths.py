"""Paths as they are in the repository, wherever they were built."""

import doctest

import pytest

from apps.scans.domain import fingerprints, paths
from apps.scans.domain.paths import package_name, repository_path, target, url_template

WORK = ("work", "_work")  # on hosted runners of GitHub and Azure, and on one's own


@pytest.mark.parametrize("module", [paths, fingerprints])
def test_the_examples_in_the_docstrings(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path",
    [
        "src/shop/a.py",
        "./src/shop/a.py",
        "/src/shop/a.py",
        "src\\shop\\a.py",
        "src//shop/./x/../a.py",
        *(f"file:///home/runner/{folder}/shop/shop/src/shop/a.py" for folder in WORK),
        *(f"/home/runner/{folder}/shop/shop/src/shop/a.py" for folder in WORK),
        "/github/workspace/src/shop/a.py",
        "/__w/shop/shop/src/shop/a.py",
        "/builds/team/shop/src/shop/a.py",
        "/builds/x7Yk2m_9/0/team/shop/src/shop/a.py",
        *(f"/home/vsts/{folder}/1/s/src/shop/a.py" for folder in WORK),
        "D:\\a\\1\\s\\src\\shop\\a.py",
        "C:/agent/_work/12/s/src/shop/a.py",
        "/var/jenkins_home/workspace/shop-main@2/src/shop/a.py",
        "/home/jenkins/agent/workspace/shop/src/shop/a.py",
        "/home/circleci/project/src/shop/a.py",
        "/root/project/src/shop/a.py",
        "/drone/src/src/shop/a.py",
        "/opt/atlassian/pipelines/agent/build/src/shop/a.py",
        "/codebuild/output/src123456/src/git.example.org/team/shop/src/shop/a.py",
        "/tmp/build-4711/src/shop/a.py",  # noqa: S108  # only a name
        "%SRCROOT%/src/shop/a.py",
    ],
)
def test_a_path_is_the_same_on_every_build_machine(path: str) -> None:
    assert repository_path(path) == "src/shop/a.py"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", ""),
        ("Dockerfile", "Dockerfile"),
        ("builds/a.py", "builds/a.py"),
        ("../../a.py", "a.py"),
        ("https://example.org/a/../b", "https://example.org/a/../b"),
        ("home/a.py", "home/a.py"),
    ],
)
def test_other_paths_stay(path: str, expected: str) -> None:
    assert repository_path(path) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://shop.example/", "shop.example"),
        ("http://shop.example:8080/a/42/b?x=1#y", "shop.example/a/{}/b"),
        ("https://shop.example/u/3f2b8a10-1c2d-4e5f-8a9b-0c1d2e3f4a5b", "shop.example/u/{}"),
        ("shop.example/login", "shop.example/login"),
        ("http://[::1]:80/a", "::1/a"),
        ("http://[broken", "http://[broken"),
    ],
)
def test_url_template(url: str, expected: str) -> None:
    assert url_template(url) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nginx:1.25", "nginx"),
        ("nginx:1.25 (debian 12.5)", "nginx"),
        ("registry.example:5000/a/b:1", "registry.example:5000/a/b"),
        ("a/b@sha256:0123456789abcdef", "a/b"),
        ("package-lock.json", "package-lock.json"),
        ("/usr/lib/x.jar", "/usr/lib/x.jar"),
        ("arn:aws:s3:::bucket", "arn:aws:s3:::bucket"),
    ],
)
def test_target(name: str, expected: str) -> None:
    assert target(name) == expected


@pytest.mark.parametrize(
    ("purl", "expected"),
    [
        ("pkg:npm/%40shop/cart@3.0.0", "pkg:npm/%40shop/cart"),
        ("pkg:npm/cart", "pkg:npm/cart"),
        ("pkg:golang/example.org/x@v1.2.3#sub", "pkg:golang/example.org/x"),
        ("", ""),
    ],
)
def test_package_name(purl: str, expected: str) -> None:
    assert package_name(purl) == expected
