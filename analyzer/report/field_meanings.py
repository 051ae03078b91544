"""What the fields of an activation payload mean, in the words of its dossier, for the catalogues."""

from __future__ import annotations

from analyzer.report.language import mark

MEANINGS = (
    mark("version of the registration protocol"),
    mark("number of the phone for CDMA networks (MEID); modules put their IMEI here"),
    mark("maker and model of the phone"),
    mark("maker and model of the phone, in the spelling of the registration by SMS"),
    mark("version of the phone's software"),
    mark("version of the phone's hardware"),
    mark("operating system and its version"),
    mark("maker of the phone"),
    mark("name under which the phone is sold"),
    mark("colour of the phone"),
    mark("size of the phone's working memory"),
    mark("size of the phone's storage"),
    mark("number of the phone itself (IMEI), first slot: unique in the world and lasting"),
    mark("number of the phone itself (IMEI), second slot: unique in the world and lasting"),
    mark("address of the phone's Wi-Fi interface (MAC)"),
    mark("number of the SIM card in the first slot (ICCID); zeros stand for none"),
    mark("number of the SIM card in the second slot (ICCID); zeros stand for none"),
    mark("number of the subscription in the first slot for CDMA networks (IMSI)"),
    mark("number of the subscription in the second slot for CDMA networks (IMSI)"),
    mark("number of the subscription in the first slot for LTE networks (IMSI)"),
    mark("number of the subscription in the second slot for LTE networks (IMSI)"),
    mark("number of the subscription in the second slot (IMSI)"),
    mark("slot whose SIM card is used for data"),
    mark("system identity of the CDMA network the phone is in"),
    mark("network identity of the CDMA network the phone is in"),
    mark("identity of the base station (CDMA) or cell (GSM) the phone is in: where it is, coarsely"),
    mark("identity of the cell the phone is in: where it is, coarsely"),
    mark(
        "identity of the cell that the first slot uses: where the phone is, coarsely; its form varies by "
        "client"
    ),
    mark(
        "identity of the cell that the second slot uses: where the phone is, coarsely; its form varies by "
        "client"
    ),
    mark("version of the list that puts networks in order by place (MLPL)"),
    mark("version of the list that puts network systems in order (MSPL)"),
    mark("second identity of the phone in the older clients; documented by name only"),
    mark("type of the mobile network in use"),
    mark("date and time of the registration by the phone's clock"),
    # with what a code means
    mark("type of the device: {w_value}"),
    mark("type of the card in the first slot: {w_value}"),
    mark("type of the card in the second slot: {w_value}"),
    mark("switch for calls over LTE, first slot: {w_value}"),
    mark("switch for calls over LTE, second slot: {w_value}"),
    mark("way by which the registration is sent: {w_value}"),
    mark("phone"),
    mark("tablet"),
    mark("data card"),
    mark("5G phone"),
    mark("Internet of Things device"),
    mark("ICC, a card of the older kind"),
    mark("UICC, a card of the newer kind"),
    mark("on"),
    mark("off"),
    mark("not supported"),
    mark("mobile network"),
)
