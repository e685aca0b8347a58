"""Small files in the layouts that five countries publish, over the change to winter time.

Prices are functions of the moment, so that every step of a world can be checked against them.
The sources of the layouts are named in docs/countries.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from tests.scenarios.files import samples

DAYS = 6
FIRST = {
    "germany": ("2025-10-23", "Europe/Berlin"),
    "belgium": ("2025-10-23", "Europe/Brussels"),
    "denmark": ("2025-10-23", "Europe/Copenhagen"),
    "great_britain": ("2025-10-23", "Europe/London"),
    "california": ("2025-10-30", "America/Los_Angeles"),
}
QUARTER = pd.Timedelta(minutes=15)
EPOCH = pd.Timestamp("2025-10-01", tz="UTC")
Price = Callable[[pd.DatetimeIndex], np.ndarray]


def number(at: pd.DatetimeIndex) -> np.ndarray:
    """Quarters since the epoch."""
    return ((at.tz_convert("UTC") - EPOCH) / QUARTER).to_numpy().astype(int)


def day_ahead(at: pd.DatetimeIndex) -> np.ndarray:
    """EUR/MWh, above 1,000 in one quarter of a day."""
    k = number(at) % 96
    return np.where(k == 70, 1234.5, 60.0 + 0.5 * k)


def short(at: pd.DatetimeIndex) -> np.ndarray:
    return 40.0 + 7 * number(at) % 101


def long(at: pd.DatetimeIndex) -> np.ndarray:
    return short(at) - number(at) % 3


def steps(country: str, minutes: int = 15) -> pd.DatetimeIndex:
    """Every local step of the days."""
    day, zone = FIRST[country]
    begin = pd.Timestamp(day, tz=zone)
    end = (pd.Timestamp(day) + pd.Timedelta(days=DAYS)).tz_localize(zone)
    return pd.date_range(begin, end, freq=f"{minutes}min", inclusive="left")


def german(value: float) -> str:
    """A number with decimal comma and points between thousands."""
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def sessions(country: str) -> pd.DataFrame:
    """A stay of each afternoon, one of them over the repeated hour."""
    day, zone = FIRST[country]
    starts = [pd.Timestamp(day) + pd.Timedelta(days=i, hours=17.5) for i in range(DAYS - 1)]
    start = pd.DatetimeIndex(starts).tz_localize(zone)
    stop = start + pd.to_timedelta([6.5, 14.0, 12.0, 15.0, 8.0], unit="h")
    kwh = [12.5, 30.25, 20.0, 41.5, 7.75]
    return pd.DataFrame({"start": start, "stop": stop, "kwh": kwh})


def germany(folder: Path) -> None:
    at = steps("germany")
    rows = zip(at, at + QUARTER, day_ahead(at), strict=True)
    samples.write(
        folder / "Gro_handelspreise_202510230000_202510290000_Viertelstunde.csv",
        [
            "\ufeffDatum von;Datum bis;Deutschland/Luxemburg [€/MWh] Originalauflösungen;"
            "∅ Anrainer DE/LU [€/MWh] Originalauflösungen;DE/AT/LU [€/MWh] Originalauflösungen",
            *(f"{a:%d.%m.%Y %H:%M};{b:%d.%m.%Y %H:%M};{german(x)};1,00;-" for a, b, x in rows),
        ],
    )
    utc = at.tz_convert("UTC")
    samples.write(
        folder / "reBAP_2025-10.csv",
        [
            "Datum;Zeitzone;von;bis;Datenkategorie;Datentyp;Einheit;reBAP unterdeckt;"
            "reBAP ueberdeckt",
            *(
                f"{a:%d.%m.%Y};UTC;{a:%H:%M};{a + QUARTER:%H:%M};NRV;Qualitaetsgesichert;EUR/MWh;"
                f"{german(x)};{german(y)}"
                for a, x, y in zip(utc, short(at), long(at), strict=True)
            ),
        ],
    )
    lines = ["Vorgang;Ladesäule;Stecker;Beginn;Ende;Energie (kWh)"]
    for i, one in sessions("germany").iterrows():
        kwh = f"{one.kwh}".replace(".", ",")
        lines.append(f"{i};L{i % 2};1;{one.start:%d.%m.%Y %H:%M};{one.stop:%d.%m.%Y %H:%M};{kwh}")
    (folder / "ladevorgaenge.csv").write_bytes("\r\n".join([*lines, ""]).encode("cp1252"))


def a85(country: str) -> str:
    """The imbalance prices of the days as ENTSO-E has them, both directions in one document."""
    at = steps(country)
    begin, end = (t.tz_convert("UTC") for t in (at[0], at[-1] + QUARTER))
    series = "".join(
        f"<TimeSeries><mRID>{category}</mRID><businessType>A19</businessType>"
        f"<area_Domain.mRID codingScheme='A01'>10Y1001A1001A82H</area_Domain.mRID>"
        f"<currency_Unit.name>EUR</currency_Unit.name>"
        f"<price_Measure_Unit.name>MWH</price_Measure_Unit.name><curveType>A01</curveType>"
        f"<Period><timeInterval><start>{begin:%Y-%m-%dT%H:%MZ}</start>"
        f"<end>{end:%Y-%m-%dT%H:%MZ}</end></timeInterval><resolution>PT15M</resolution>"
        + "".join(
            f"<Point><position>{i}</position><imbalance_Price.amount>{x:.2f}"
            f"</imbalance_Price.amount><imbalance_Price.category>{category}"
            f"</imbalance_Price.category></Point>"
            for i, x in enumerate(price(at), start=1)
        )
        + "</Period></TimeSeries>"
        for category, price in (("A04", long), ("A05", short))
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Balancing_MarketDocument '
        'xmlns="urn:iec62325.351:tc57wg16:451-6:balancingdocument:4:4"><mRID>x</mRID>'
        f"<type>A85</type>{series}</Balancing_MarketDocument>"
    )


def belgium(folder: Path) -> None:
    at = steps("belgium")
    hours = steps("belgium", 60)
    samples.write(folder / "entsoe.csv", list(_entsoe_belgium(hours)))
    rows = zip(at[::-1], short(at)[::-1], strict=True)
    samples.write(
        folder / "ods134.csv",
        [
            "datetime;resolutioncode;qualitystatus;ace;systemimbalance;alpha;alpha_prime;"
            "marginalincrementalprice;marginaldecrementalprice;imbalanceprice",
            *(f"{a.isoformat()};PT15M;NotValidated;1.5;-3.2;0;0;{x};{x};{x}" for a, x in rows),
        ],
    )
    (folder / "cdrs.json").write_text(json.dumps(list(_records(sessions("belgium")))))


def _entsoe_belgium(hours: pd.DatetimeIndex) -> Iterator[str]:
    yield samples.NEW_HEADER
    for a, price in zip(hours, day_ahead(hours), strict=True):
        b = a + pd.Timedelta(hours=1)
        span = f"{a:%d/%m/%Y %H:%M:%S} ({a.tzname()}) - {b:%d/%m/%Y %H:%M:%S} ({b.tzname()})"
        yield f'"{span}","BZN|BE","Without Sequence",{price},"",""'


def _records(table: pd.DataFrame) -> Iterator[dict[str, object]]:
    for i, one in table.iterrows():
        start, stop = (f"{t.tz_convert('UTC'):%Y-%m-%dT%H:%M:%SZ}" for t in (one.start, one.stop))
        hours = (one.stop - one.start) / pd.Timedelta(hours=1)
        yield {
            "country_code": "BE",
            "party_id": "BEC",
            "id": f"{i}",
            "start_date_time": start,
            "end_date_time": stop,
            "cdr_token": {"uid": "x", "type": "RFID", "contract_id": "c"},
            "auth_method": "WHITELIST",
            "cdr_location": {"id": "LOC1", "evse_uid": f"{i % 2}", "connector_id": "1"},
            "currency": "EUR",
            "charging_periods": [
                {
                    "start_date_time": start,
                    "dimensions": [
                        {"type": "ENERGY", "volume": one.kwh},
                        {"type": "MAX_POWER", "volume": 11.0},
                        {"type": "TIME", "volume": hours},
                    ],
                }
            ],
            "total_cost": {"excl_vat": 4.0},
            "total_energy": one.kwh,
            "total_time": hours,
            "total_parking_time": hours - one.kwh / 10,
            "last_updated": stop,
        }


def denmark(folder: Path) -> None:
    at = steps("denmark")
    areas = {"DK1": 1.0, "DK2": 1.5}
    da, im = (
        ["TimeUTC;TimeDK;PriceArea;DayAheadPriceEUR;DayAheadPriceDKK"],
        ["TimeUTC;TimeDK;PriceArea;ImbalancePriceEUR;ImbalancePriceDKK;DominatingDirection"],
    )
    for area, factor in areas.items():
        for a, x, y in zip(at, factor * day_ahead(at), factor * short(at), strict=True):
            when = f"{a.tz_convert('UTC'):%Y-%m-%d %H:%M};{a:%Y-%m-%d %H:%M};{area}"
            da.append(f"{when};{x:.6f};{x / 0.134:.6f}".replace(".", ","))
            im.append(f"{when};{y:.6f};{y / 0.134:.6f};1".replace(".", ","))
    samples.write(folder / "DayAheadPrices.csv", da)
    samples.write(folder / "ImbalancePrice.csv", im)
    lines = ["charger,plugged_in,plugged_out,energy_wh,max_w"]
    for i, one in sessions("denmark").iterrows():
        a, b = (f"{t.tz_convert('UTC'):%Y-%m-%dT%H:%M:%SZ}" for t in (one.start, one.stop))
        lines.append(f"c{i % 2},{a},{b},{one.kwh * 1000:.0f},11000")
    samples.write(folder / "sessions.csv", lines)


def great_britain(folder: Path) -> None:
    at = steps("great_britain", 30)
    utc = at.tz_convert("UTC")
    frame = pd.DataFrame({"at": at, "day": at.strftime("%Y-%m-%d")})
    period = frame.groupby("day").cumcount() + 1
    prices = [
        {
            "settlementDate": frame["day"][i],
            "settlementPeriod": int(period[i]),
            "startTime": f"{utc[i]:%Y-%m-%dT%H:%M:%SZ}",
            "createdDateTime": f"{utc[i]:%Y-%m-%dT%H:%M:%SZ}",
            "systemSellPrice": float(x) / 1.17,
            "systemBuyPrice": float(x) / 1.17,
            "bsadDefaulted": False,
            "priceDerivationCode": "P",
            "replacementPrice": None,
        }
        for i, x in enumerate(short(at))
    ]
    index = [
        {
            "startTime": f"{utc[i]:%Y-%m-%dT%H:%M:%SZ}",
            "dataProvider": provider,
            "settlementDate": frame["day"][i],
            "settlementPeriod": int(period[i]),
            "price": float(x) / 1.17 if provider == "APXMIDP" else 0,
            "volume": 100.0,
        }
        for i, x in enumerate(day_ahead(at))
        for provider in ("APXMIDP", "N2EXMIDP")
    ]
    metadata = {"datasets": ["DISEBSP"]}
    (folder / "system_prices_2025-10.json").write_text(
        json.dumps({"metadata": metadata, "data": prices[::-1]})
    )
    (folder / "market_index_2025-10.json").write_text(json.dumps({"data": index}))
    lines = [
        "Session,Station,Start Date,Total Duration (hh:mm:ss),Charging Time (hh:mm:ss),Energy (kWh)"
    ]
    for i, one in sessions("great_britain").iterrows():
        stay = clock(one.stop - one.start)
        lines.append(f"{i},S{i % 2},{one.start:%d/%m/%Y %H:%M},{stay},{stay},{one.kwh}")
    samples.write(folder / "sessions.csv", lines)


def clock(length: pd.Timedelta) -> str:
    """A duration as hours:minutes:seconds."""
    seconds = int(length.total_seconds())
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def california(folder: Path) -> None:
    for minutes, market, price, name in (
        (60, "DAM", day_ahead, "20251030_20251105_PRC_LMP_DAM_20251106_01_02_03_v12.csv"),
        (15, "RTPD", short, "20251030_20251105_PRC_RTPD_LMP_RTPD_20251106_01_02_04_v3.csv"),
    ):
        samples.write(folder / name, list(oasis(minutes, market, price)))
    stays = [
        samples.acn_session(
            i,
            connectionTime=samples.gmt(one.start.tz_convert("UTC").tz_localize(None)),
            disconnectTime=samples.gmt(one.stop.tz_convert("UTC").tz_localize(None)),
            doneChargingTime=None,
            kWhDelivered=one.kwh,
            stationID=f"2-39-{i}",
        )
        for i, one in sessions("california").iterrows()
    ]
    (folder / "acn.json").write_text(samples.acn(*stays))


def oasis(minutes: int, market: str, price: Price) -> Iterator[str]:
    """Lines of OASIS: all components of the price, at two nodes."""
    last = "MW,GROUP" if market == "DAM" else "PRC,OPR_INTERVAL,GROUP"
    interval = "OPR_INTERVAL," if market == "DAM" else ""
    yield (
        f"INTERVALSTARTTIME_GMT,INTERVALENDTIME_GMT,OPR_DT,OPR_HR,{interval}NODE_ID_XML,NODE_ID,"
        f"NODE,MARKET_RUN_ID,LMP_TYPE,XML_DATA_ITEM,PNODE_RESMRID,GRP_TYPE,POS,{last}"
    )
    at = steps("california", minutes)
    length = pd.Timedelta(minutes=minutes)
    for node in ("TH_NP15_GEN-APND", "TH_SP15_GEN-APND"):
        for kind, part in (("MCE", 0.7), ("LMP", 1.0), ("MCC", 0.0)):
            for a, x in zip(at, price(at), strict=True):
                begin, end = (
                    f"{t.tz_convert('UTC'):%Y-%m-%dT%H:%M:%S}-00:00" for t in (a, a + length)
                )
                value = round(part * x / 0.92 * (1 if "SP15" in node else 2), 5)
                first = "0," if market == "DAM" else ""
                after = "1" if market == "DAM" else f"{a.minute // minutes + 1},1"
                yield (
                    f"{begin},{end},{a:%Y-%m-%d},{a.hour + 1},{first}{node},{node},{node},"
                    f"{market},{kind},LMP_PRC,{node},ALL,0,{value},{after}"
                )


WRITE = {
    "germany": germany,
    "belgium": belgium,
    "denmark": denmark,
    "great_britain": great_britain,
    "california": california,
}
