"""Small files in the forms of ENTSO-E, TenneT, ElaadNL and ACN-Data, written from numbers.

Prices are 40 + the hour (or quarter) of the local day in EUR/MWh, unless given.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import numpy as np
import pandas as pd

ZONE = "Europe/Amsterdam"
NEW_HEADER = (
    '"MTU (CET/CEST)","Area","Sequence","Day-ahead Price (EUR/MWh)",'
    '"Intraday Period (CET/CEST)","Intraday Price (EUR/MWh)"'
)
OLD_HEADER = '"MTU (CET)","Day-ahead Price [EUR/MWh]"'
TENNET_HEADER = (
    "Timeinterval Start Loc,Timeinterval End Loc,Isp,Currency Unit Name,"
    "Price Measurement Unit Name,Incident Reserve Up,Incident Reserve Down,Price Dispatch Up,"
    "Price Dispatch Down,Price Shortage,Price Surplus,Regulation State,Regulating Condition"
)
TENNET_OLD_HEADER = (
    '"Date","PTE","period_from","period_until","upward_incident_reserve",'
    '"downward_incident_reserve","To regulate up","To regulate down","Incentive component",'
    '"Consume","Feed","Regulation state"'
)
ELAAD_HEADER = (
    "TransactionId,ChargePoint,Connector,UTCTransactionStart,UTCTransactionStop,"
    "StartCard,ConnectedTime,ChargeTime,TotalEnergy,MaxPower"
)
NAMESPACE = "urn:iec62325.351:tc57wg16:451-3:publicationdocument:7:3"


def moments(first: str, days: int = 1, minutes: int = 60) -> pd.DatetimeIndex:
    """Every market time unit of whole local days."""
    begin = pd.Timestamp(first, tz=ZONE)
    end = (pd.Timestamp(first) + pd.Timedelta(days=days)).tz_localize(ZONE)
    return pd.date_range(begin, end, freq=f"{minutes}min", inclusive="left")


def default_price(at: pd.Timestamp, minutes: int = 60) -> float:
    return 40.0 + (at.hour * 60 + at.minute) // minutes


def entsoe_new(first: str, days: int = 1, minutes: int = 60, mark: bool = True) -> list[str]:
    """Lines of the new web CSV; the hours around a clock change carry its mark."""
    lines = [NEW_HEADER]
    for at in moments(first, days, minutes):
        end = at + pd.Timedelta(minutes=minutes)
        odd = mark and len(moments(str(at.date()), 1)) != 24
        span = " - ".join(
            f"{one:%d/%m/%Y %H:%M:%S}" + (f" ({one.tzname()})" if odd else "") for one in (at, end)
        )
        lines.append(f'"{span}","BZN|NL","Without Sequence",{default_price(at, minutes)},"",""')
    return lines


def entsoe_old(first: str, days: int = 1) -> list[str]:
    """Lines of the old web CSV: no marks; spring has its skipped hour, without price."""
    lines = [OLD_HEADER]
    for at in moments(first, days):
        clock = at.tz_localize(None)
        previous = (at - pd.Timedelta(hours=1)).tz_localize(None)
        if clock - previous == pd.Timedelta(hours=2):
            lines.append(_old_line(previous + pd.Timedelta(hours=1), "-"))
        lines.append(_old_line(clock, f"{default_price(at):.2f}"))
    return lines


def _old_line(at: pd.Timestamp, price: str) -> str:
    return f'"{at:%d.%m.%Y %H:%M} - {at + pd.Timedelta(hours=1):%d.%m.%Y %H:%M}","{price}"'


def entsoe_xml(
    first: str,
    days: int = 1,
    minutes: int = 60,
    *,
    prices: dict[int, float] | None = None,
    curve: str = "A03",
    contract: str = "A01",
) -> str:
    """One TimeSeries of an A44 document; wrap it with `document`."""
    at = moments(first, days, minutes)
    given = prices or {i + 1: 40.0 + i for i in range(len(at))}
    points = "".join(
        f"<Point><position>{i}</position><price.amount>{price:.2f}</price.amount></Point>"
        for i, price in given.items()
    )
    begin, end = (one.tz_convert("UTC") for one in (at[0], at[-1] + pd.Timedelta(minutes=minutes)))
    return (
        f"<TimeSeries><mRID>1</mRID>"
        f"<in_Domain.mRID codingScheme='A01'>10YNL----------L</in_Domain.mRID>"
        f"<out_Domain.mRID codingScheme='A01'>10YNL----------L</out_Domain.mRID>"
        f"<contract_MarketAgreement.type>{contract}</contract_MarketAgreement.type>"
        f"<currency_Unit.name>EUR</currency_Unit.name>"
        f"<price_Measure_Unit.name>MWH</price_Measure_Unit.name><curveType>{curve}</curveType>"
        f"<Period><timeInterval><start>{begin:%Y-%m-%dT%H:%MZ}</start>"
        f"<end>{end:%Y-%m-%dT%H:%MZ}</end></timeInterval>"
        f"<resolution>PT{minutes}M</resolution>{points}</Period></TimeSeries>"
    )


def document(*series: str, kind: str = "A44") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Publication_MarketDocument xmlns="{NAMESPACE}">'
        f"<mRID>x</mRID><type>{kind}</type>{''.join(series)}</Publication_MarketDocument>"
    )


def tennet_new(first: str, days: int = 1, *, dual: tuple[int, ...] = ()) -> list[str]:
    """Lines of the new CSV; the quarters `dual` of each day are of regulation state 2."""
    lines = [TENNET_HEADER]
    for day in pd.date_range(first, periods=days):
        for isp, at in enumerate(moments(str(day.date()), 1, 15), start=1):
            short, long, state = tennet_prices(isp, isp in dual)
            end = at + pd.Timedelta(minutes=15)
            lines.append(
                f"{at:%Y-%m-%dT%H:%M},{end:%Y-%m-%dT%H:%M},{isp},EUR,MWh,,,{short},{long},"
                f"{short},{long},{state},"
            )
    return lines


def tennet_old(first: str, days: int = 1, *, dual: tuple[int, ...] = ()) -> list[str]:
    lines = [TENNET_OLD_HEADER]
    for day in pd.date_range(first, periods=days):
        for isp, at in enumerate(moments(str(day.date()), 1, 15), start=1):
            short, long, state = tennet_prices(isp, isp in dual)
            end = at + pd.Timedelta(minutes=15)
            cells = (f"{day:%m/%d/%Y}", isp, f"{at:%H:%M}", f"{end:%H:%M}", "", "", short, long, 0)
            lines.append(",".join(f'"{cell}"' for cell in (*cells, short, long, state)))
    return lines


def tennet_xml(first: str, days: int = 1, *, dual: tuple[int, ...] = ()) -> str:
    records = []
    for day in pd.date_range(first, periods=days):
        for isp, at in enumerate(moments(str(day.date()), 1, 15), start=1):
            short, long, state = tennet_prices(isp, isp in dual)
            records.append(
                f"<Record><DATE>{day:%Y-%m-%d}T00:00:00</DATE><PTU>{isp}</PTU>"
                f"<PERIOD_FROM>{at:%H:%M}</PERIOD_FROM><PERIOD_UNTIL>x</PERIOD_UNTIL>"
                f"<UPWARD_INCIDENT_RESERVE/><DOWNWARD_INCIDENT_RESERVE/>"
                f"<TAKE_FROM_SYSTEM>{short}</TAKE_FROM_SYSTEM>"
                f"<FEED_INTO_SYSTEM>{long}</FEED_INTO_SYSTEM>"
                f"<REGULATION_STATE>{state}</REGULATION_STATE></Record>"
            )
    return f'<ImbalancePrice xmlns="">{"".join(records)}</ImbalancePrice>'


def tennet_prices(isp: int, dual: bool) -> tuple[float, float, int]:
    price = 30.0 + isp
    return (price + 50, price - 20, 2) if dual else (price, price, 1)


def elaad(
    first: str = "2019-06-03",
    n: int = 40,
    *,
    form: str = "%m/%d/%Y %H:%M",
    separator: str = ",",
    decimal: str = ".",
) -> list[str]:
    """Lines of transactions: one every five hours, from 2 to 25 hours, at about 3.5 kW."""
    lines = [ELAAD_HEADER.replace(",", separator)]
    for i, row in elaad_rows(first, n).iterrows():
        numbers = (row.stay_h, row.charge_h, row.kwh, row.kw)
        cells = (i + 1, f"cp{i + 1}", 1, f"{row.start:{form}}", f"{row.stop:{form}}", "card")
        texts = [*map(str, cells), *(f"{x:g}".replace(".", decimal) for x in numbers)]
        lines.append(separator.join(texts))
    return lines


def elaad_rows(first: str = "2019-06-03", n: int = 40) -> pd.DataFrame:
    number = np.arange(n)
    start = pd.Timestamp(first) + pd.to_timedelta(5 * number + 0.5, unit="h")
    stay = 2.0 + number % 24
    charge = np.minimum(stay, 3.0)
    return pd.DataFrame(
        {
            "start": start,
            "stop": start + pd.to_timedelta(stay, unit="h"),
            "stay_h": stay,
            "charge_h": charge,
            "kwh": 3.5 * charge,
            "kw": 3.7,
        }
    )


def acn_session(number: int = 0, **changes: object) -> dict[str, object]:
    start = datetime(2018, 4, 25, 15, 0) + timedelta(hours=7 * number)
    session = {
        "_id": f"id{number}",
        "clusterID": "0039",
        "connectionTime": gmt(start),
        "disconnectTime": gmt(start + timedelta(hours=8)),
        "doneChargingTime": gmt(start + timedelta(hours=3)),
        "kWhDelivered": 9.5,
        "sessionID": f"2_39_{number}",
        "siteID": "0002",
        "spaceID": "CA-1",
        "stationID": f"2-39-{number}",
        "timezone": "America/Los_Angeles",
        "userID": None,
        "userInputs": None,
    }
    return session | changes


def gmt(moment: datetime) -> str:
    return format_datetime(moment).replace("-0000", "GMT")


def acn(*sessions: dict[str, object]) -> str:
    return json.dumps({"_meta": {"site": "caltech"}, "_items": list(sessions)})


def write(path: Path, content: list[str] | str) -> Path:
    text = content if isinstance(content, str) else "\n".join(content) + "\n"
    path.write_text(text, encoding="utf-8")
    return path
