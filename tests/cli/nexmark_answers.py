"""The bids of connector nexmark, and the answers of Nexmark queries computed from them by plain loops.

The bids are read from the table of all events, where they are rows within rows. `--events N` takes
so many events instead of 100,000.
"""
import collections
import csv
import datetime
import functools
import io
import subprocess
import sys

from program import PLAIN_ENV, THALWEG

EVENTS = sys.argv[sys.argv.index("--events") + 1] if "--events" in sys.argv else "100000"
GAP = datetime.timedelta(seconds=10)
BID = ("auction", "bidder", "price", "channel", "url", "time", "extra")
Bid = collections.namedtuple("Bid", BID)


def answer(script, *flags):
    """The rows of a script's only result, as tuples of texts."""
    done = subprocess.run([THALWEG, "-f", "-", "--format", "csv", "-q", *flags], input=script,
                          capture_output=True, text=True, env=PLAIN_ENV, timeout=600, check=False)
    if done.returncode != 0:
        return [(done.stderr,)]
    return [tuple(row) for row in list(csv.reader(io.StringIO(done.stdout)))[1:]]


def read_bids():
    """In the order in which they come."""
    fields = ", ".join(f"bid.{name}" for name in ("auction", "bidder", "price", "channel", "url"))
    rows = answer(
        f"CREATE TABLE events WITH ('connector' = 'nexmark', 'events.num' = '{EVENTS}');"
        f"SELECT {fields}, \"dateTime\", bid.extra FROM events WHERE event_type = 2;",
        "--workers", "1")
    return [Bid(row[0], row[1], int(row[2]), *row[3:]) for row in rows]


def read_events(kind, number, names):
    fields = ", ".join(f'{kind}."{name}"' for name in names.split())
    return answer(
        f"CREATE TABLE events WITH ('connector' = 'nexmark', 'events.num' = '{EVENTS}');"
        f"SELECT {fields} FROM events WHERE event_type = {number};", "--workers", "1")


@functools.cache
def read_people():
    return read_events("person", 0, "id name city state dateTime")


@functools.cache
def read_auctions():
    return read_events("auction", 1, "id itemName description initialBid reserve dateTime expires "
                       "seller category extra")


def winning(bids):
    """Each auction that has bids while it is open, with the first of the highest of them."""
    of_auction = collections.defaultdict(list)
    for bid in bids:
        of_auction[bid.auction].append(bid)
    for auction in read_auctions():
        begin, end = padded(auction[5]), padded(auction[6])
        found = [bid for bid in of_auction[auction[0]] if begin <= padded(bid.time) <= end]
        if found:
            yield auction, min(found, key=lambda bid: (-bid.price, padded(bid.time)))


def time_text(time):
    return str(time).rstrip("0") if time.microsecond else str(time)


def kinds(price):
    """Places among (all, rank 1, rank 2, rank 3) where a bid counts."""
    return (0, 1 if price < 10_000 else 2 if price < 1_000_000 else 3)


def q0(bids):
    return [(bid.auction, bid.bidder, str(bid.price), bid.time, bid.extra) for bid in bids]


def q1(bids):
    return [(bid.auction, bid.bidder, f"{bid.price * 908 // 1000}.{bid.price * 908 % 1000:03}",
             bid.time, bid.extra) for bid in bids]


def q2(bids):
    return [(bid.auction, str(bid.price)) for bid in bids if int(bid.auction) % 123 == 0]


def q3(_bids):
    people = {person[0]: person for person in read_people()}
    return [(*people[auction[7]][1:4], auction[0]) for auction in read_auctions()
            if auction[8] == "10" and auction[7] in people
            and people[auction[7]][3] in ("OR", "ID", "CA")]


def q4(bids):
    prices = collections.defaultdict(list)
    for auction, bid in winning(bids):
        prices[auction[8]].append(bid.price)
    return [(category, mean(found)) for category, found in prices.items()]


def q5(bids):
    windows = collections.defaultdict(list)
    for auction, num, begin, _ in hop(bids):
        windows[begin].append((int(num), auction))
    return [(auction, str(num)) for counts in windows.values() for num, auction in counts
            if num == max(counts)[0]]


def ten_seconds(text):
    time = datetime.datetime.fromisoformat(padded(text))
    return time.replace(second=time.second // 10 * 10, microsecond=0)


def q7(bids):
    """A window takes bids of its end too, as the benchmark says it."""
    most = collections.defaultdict(int)
    for bid in bids:
        begin = ten_seconds(bid.time)
        most[begin] = max(most[begin], bid.price)
    rows = []
    for bid in bids:
        time = datetime.datetime.fromisoformat(padded(bid.time))
        begins = [ten_seconds(bid.time)]
        begins += [begins[0] - GAP] if time == begins[0] else []
        rows += [(bid.auction, str(bid.price), bid.bidder, bid.time, bid.extra)
                 for begin in begins if most.get(begin) == bid.price]
    return rows


def q8(_bids):
    sellers = {(auction[7], ten_seconds(auction[5])) for auction in read_auctions()}
    people = {(person[0], person[1], ten_seconds(person[4])) for person in read_people()}
    return [(id, name, time_text(begin)) for id, name, begin in people if (id, begin) in sellers]


def q9(bids):
    return [(*auction, *map(str, (bid.auction, bid.bidder, bid.price, bid.time, bid.extra)))
            for auction, bid in winning(bids)]


def q11(bids):
    times = collections.defaultdict(list)
    for bid in bids:
        times[bid.bidder].append(datetime.datetime.fromisoformat(padded(bid.time)))
    rows = []
    for bidder, moments in times.items():
        moments.sort()
        first = 0
        for i in range(1, len(moments) + 1):
            if i == len(moments) or moments[i] - moments[i - 1] > GAP:
                rows.append((bidder, str(i - first), time_text(moments[first]),
                             time_text(moments[i - 1] + GAP)))
                first = i
    return rows


def padded(text):
    """With three digits or none, as Python's older versions want it. Such texts compare as
    times do."""
    whole, dot, fraction = text.partition(".")
    return whole + dot + (fraction.ljust(3, "0") if dot else "")


def q12(bids):
    return [(bidder, str(n)) for bidder, n in collections.Counter(b.bidder for b in bids).items()]


def q15(bids):
    days = {}
    for bid in bids:
        counts, bidders, auctions = days.setdefault(
            bid.time[:10], ([0] * 4, [set() for _ in range(4)], [set() for _ in range(4)]))
        for kind in kinds(bid.price):
            counts[kind] += 1
            bidders[kind].add(bid.bidder)
            auctions[kind].add(bid.auction)
    return [(day, *map(str, counts), *(str(len(one)) for one in bidders + auctions))
            for day, (counts, bidders, auctions) in days.items()]


def q17(bids):
    groups = {}
    for bid in bids:
        counts, prices = groups.setdefault((bid.auction, bid.time[:10]), ([0] * 4, []))
        prices.append(bid.price)
        for kind in kinds(bid.price):
            counts[kind] += 1
    return [(auction, day, *map(str, counts), str(min(prices)), str(max(prices)), mean(prices),
             str(sum(prices))) for (auction, day), (counts, prices) in groups.items()]


def mean(prices):
    """With sixteen digits behind the point, the last of them rounded."""
    scale = 10 ** 16
    scaled = (2 * sum(prices) * scale + len(prices)) // (2 * len(prices))
    return f"{scaled // scale}.{scaled % scale:016}"


def q18(bids):
    last = {}
    for bid in bids:
        key = (bid.bidder, bid.auction)
        if key not in last or bid.time >= last[key].time:
            last[key] = bid
    return [tuple(map(str, bid)) for bid in last.values()]


def q19(bids):
    auctions = collections.defaultdict(list)
    for bid in bids:
        auctions[bid.auction].append(bid)
    return [(*map(str, bid), str(rank)) for found in auctions.values()
            for rank, bid in enumerate(sorted(found, key=lambda bid: -bid.price)[:10], 1)]


def q20(bids):
    auctions = {auction[0]: auction for auction in read_auctions() if auction[8] == "10"}
    return [(*map(str, bid), *auctions[bid.auction][1:]) for bid in bids if bid.auction in auctions]


def hop(bids):
    """Bids of each auction in every ten seconds, told of each two."""
    counts = collections.Counter()
    for bid in bids:
        time = datetime.datetime.fromisoformat(padded(bid.time))
        begin = time.replace(second=time.second // 2 * 2, microsecond=0)
        for back in range(0, 10, 2):
            counts[bid.auction, begin - datetime.timedelta(seconds=back)] += 1
    return [(auction, str(n), time_text(begin), time_text(begin + GAP))
            for (auction, begin), n in counts.items()]


def over_all_windows(rows):
    bids = collections.Counter()
    for bidder, count, *_ in rows:
        bids[bidder] += int(count)
    return [(bidder, str(n)) for bidder, n in bids.items()]


def differences(expected, actual):
    """Three rows at most that only one of the two has."""
    expected, actual = collections.Counter(expected), collections.Counter(actual)
    return {"missing": list((expected - actual).items())[:3],
            "too many": list((actual - expected).items())[:3]}
