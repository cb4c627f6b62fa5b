"""A terminal's screen, as far as the program makes use of it: what people see after some output."""
import re
import unicodedata

COMMAND = re.compile(r"\x1b\[([\d;?]*)([A-Za-z])")


def cells_of(character):
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


class Emulator:
    """Lines of cells; those that have left the window at the top are kept in `scrollback`. A cell is
    a text and whether it is bold; the second cell of a wide character is empty."""

    def __init__(self, columns=80, lines=24, reflows=True):
        self.columns, self.lines, self.reflows = columns, lines, reflows
        self.scrollback = []
        self.rows = [[]]  # Of the window, as far as it has been written to.
        self.broken = set()  # ids of rows that go on in the next one.
        self.y = self.x = 0
        self.bold = False
        self.unknown = []  # What an honest table has no need of.

    def feed(self, text):
        at = 0
        while at < len(text):
            command = COMMAND.match(text, at)
            if command:
                self.obey(command.group(1), command.group(2))
                at = command.end()
            else:
                self.put(text[at])
                at += 1

    def put(self, character):
        if character == "\n":
            self.broken.discard(id(self.rows[self.y]))
            self.next_row()
        elif character == "\r":
            self.x = 0
        elif unicodedata.category(character) == "Cc":
            self.unknown.append(character)
        else:
            self.show(character)

    def show(self, character):
        cells = cells_of(character)
        if cells == 0:
            if self.x > 0 and self.x <= len(self.rows[self.y]):
                text, bold = self.rows[self.y][self.x - 1]
                self.rows[self.y][self.x - 1] = (text + character, bold)
            return
        if self.x + cells > self.columns:  # The cursor waits behind the last cell until then.
            self.broken.add(id(self.rows[self.y]))
            self.next_row()
        row = self.rows[self.y]
        row.extend([(" ", False)] * (self.x + cells - len(row)))
        row[self.x] = (character, self.bold)
        if cells == 2:
            row[self.x + 1] = ("", self.bold)
        self.x += cells

    def next_row(self):
        self.x = 0
        self.y += 1
        if self.y == len(self.rows):
            self.rows.append([])
        if self.y == self.lines:
            self.scrollback.append(self.rows.pop(0))
            self.y -= 1

    def obey(self, parameters, letter):
        if letter == "A":
            self.y = max(0, self.y - int(parameters or 1))
        elif letter == "K" and parameters in ("", "0"):
            del self.rows[self.y][self.x:]
        elif letter == "J" and parameters in ("", "0"):
            del self.rows[self.y][self.x:]
            del self.rows[self.y + 1:]
        elif letter == "m":
            self.bold = parameters == "1" or (self.bold and parameters not in ("", "0"))
        else:
            self.unknown.append((parameters, letter))

    def resize(self, columns, lines):
        """As xterm does it, which cuts lines, or as most others do, which break them anew."""
        self.columns = columns
        if self.reflows:
            self.reflow()
        else:
            for row in self.rows:
                del row[columns:]
            self.x = min(self.x, columns)
        self.lines = lines
        while self.y >= lines:
            self.scrollback.append(self.rows.pop(0))
            self.y -= 1
        while self.scrollback and self.reflows and len(self.rows) < lines:
            self.rows.insert(0, self.scrollback.pop())
            self.y += 1

    def reflow(self):
        rows, broken = [], set()
        y = x = 0
        joined = []
        for number, row in enumerate(self.rows):
            if number == self.y:
                y, x = len(rows), len(joined) + self.x
            joined = joined + row
            if id(row) in self.broken:
                continue
            pieces = [joined[i:i + self.columns] for i in range(0, len(joined), self.columns)] or [[]]
            broken.update(id(piece) for piece in pieces[:-1])
            rows += pieces
            joined = []
        self.rows, self.broken = rows, broken
        self.y, self.x = y + x // self.columns, x % self.columns
        while self.y >= len(self.rows):
            self.rows.append([])

    @staticmethod
    def text_of(row):
        return "".join(text for text, _ in row).rstrip()

    def window(self):
        """The lines of the window, without empty ones at its end."""
        lines = [self.text_of(row) for row in self.rows]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def everything(self):
        return [self.text_of(row) for row in self.scrollback] + self.window()

    def bold_texts(self):
        """What is bold, cell by cell joined to words."""
        found = []
        for row in self.rows:
            text = "".join(cell if bold else "\0" for cell, bold in row)
            found += [part for part in text.split("\0") if part]
        return found
