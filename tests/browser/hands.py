"""Two ways to use a page, by pointer and by keyboard alone, so that one journey is walked by both."""

import re
from pathlib import Path
from typing import Protocol

from playwright.sync_api import Locator, Page

TABS = 150  # more than any page needs from one end to the other, lists of a hundred rows aside
# Where the focus is: whether on this element, whether on any at all, and whether one sees it there.
FOCUS = """
(target) => {
  const now = document.activeElement, box = now.getBoundingClientRect();
  const style = getComputedStyle(now);
  const ringed = style.outlineStyle !== "none" || Number(style.opacity) === 0;
  const inside = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  const holds = now.matches("a, button, summary") && now.contains(target); // words inside it
  return [now === target || holds, now !== document.body, ringed && inside, now.outerHTML.slice(0, 120)];
}"""


def field(page: Page, label: str) -> Locator:
    """Find a field by its whole label, to which the page adds where it may be left empty."""
    return page.get_by_label(re.compile(rf"^{re.escape(label)}( \(optional\))?$"))


class Hand(Protocol):
    """What a person does on a page; names are those that the page tells everybody."""

    def __init__(self, page: Page) -> None: ...

    def press(self, what: Locator) -> None:
        """Follow a link, press a button, unfold what is folded."""

    def write(self, label: str, text: str) -> None: ...

    def choose(self, label: str, option: str) -> None: ...

    def hand_over(self, label: str, file: Path) -> None: ...


class Pointer:
    """A mouse, and a keyboard for text."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, what: Locator) -> None:
        what.click()

    def write(self, label: str, text: str) -> None:
        field(self.page, label).fill(text)

    def choose(self, label: str, option: str) -> None:
        field(self.page, label).select_option(label=option)

    def hand_over(self, label: str, file: Path) -> None:
        field(self.page, label).set_input_files(file)


class Keys:
    """No pointer at all: Tab leads everywhere, and the way is seen at each step."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def reach(self, what: Locator) -> None:
        """Press Tab until it has the focus. Once around the page's end the way begins anew."""
        what.wait_for()
        target = what.element_handle()
        lost = 0
        for _press in range(TABS):
            there, somewhere, seen, told = self.page.evaluate(FOCUS, target)
            lost += not somewhere
            assert seen or not somewhere, f"nobody sees where the focus is: {told}"
            if there:
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"no way by Tab to {what}; the focus was nowhere {lost} times")

    def press(self, what: Locator) -> None:
        self.reach(what)
        is_box = what.evaluate("each => each.matches('[type=checkbox], [type=radio]')")
        self.page.keyboard.press("Space" if is_box else "Enter")

    def write(self, label: str, text: str) -> None:
        self.reach(field(self.page, label))
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)

    def choose(self, label: str, option: str) -> None:
        choices = field(self.page, label)
        self.reach(choices)
        self.page.keyboard.type(option)  # a list of choices goes to what is typed
        chosen = choices.evaluate("each => each.selectedOptions[0].label")
        assert chosen == option

    def hand_over(self, label: str, file: Path) -> None:
        self.reach(field(self.page, label))
        with self.page.expect_file_chooser() as chooser:
            self.page.keyboard.press("Enter")
        chooser.value.set_files(file)


# How each is walked, so that the artefacts show both widths and both themes.
LOOKS: dict[type[Hand], dict[str, object]] = {
    Pointer: {"viewport": {"width": 360, "height": 780}},
    Keys: {"color_scheme": "dark"},
}
