"""The name of a field → its role in a log-in: account, password or token, in several languages.

Names of forms carry prefixes and suffixes of their framework (`ctl00$txtPassword`, `user[password]`,
`j_username`), so the last part decides, and words that turn the meaning (`password_hint`) rule it out.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

Role = Literal["user", "weak user", "password", "token", "perhaps token", ""]

LONGEST = 64
PARTS = re.compile(r"[.$:\[\]/\\ |]+")
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
NOT_LETTERS = re.compile(r"[^a-z]")
PREFIX = re.compile(
    r"^(?:txt|tb|input|inp|frm|form|fld|field|edit|tbx|ctl|jform|j|os|vb|wp|auth|http|my)(?=[a-z]{4})"
)
# Words that make it something else than the password or the account itself.
TURNED = frozenset(
    ("hint", "show", "forgot", "forgotten", "forget", "reset", "strength", "length", "len", "policy",
     "remember", "has", "have", "is", "need", "needs", "require", "required", "enable", "enabled",
     "disable", "type", "hash", "md", "sha", "digest", "expire", "expires", "expired", "expiry",
     "change", "changed", "count", "recover", "recovery", "lost", "save", "saved", "visible",
     "visibility", "toggle", "min", "max", "url", "page", "link", "error", "err", "valid", "validate",
     "check", "mode", "encrypt", "encrypted", "encryption", "label", "placeholder", "rule", "rules",
     "score", "set", "state", "status", "last", "agent", "group", "groups", "role", "level", "list",
     "total", "num", "time", "date", "ip", "os", "lang", "locale", "score", "avatar", "image", "img",
     "csrf", "xsrf", "authenticity", "verification", "antiforgery", "request", "nonce", "state", "push",
     "device", "fcm", "apns", "gcm", "registration")
)  # fmt: skip
PASSWORD = re.compile(
    r".{0,16}?(?:passw(?:or)?d|passwrd|pwd|passord|passwort|kennwort|l?senord|wachtwoord|motdepasse|contrase?na"
    r"|adgangskode|salasana|haslo|passphrase|passcode|mima|kouling|pswd|pword|userpass|loginpass|adminpass)"
    r"(?:confirm(?:ation)?|repeat|again|new|old|plain|text|in|input|value)?"
    r"|pass|psw|pw|psk|mdp|clave|senha|parola|parole|wifikey|presharedkey|networkkey|keypassphrase"
)
USERS = re.compile(
    r"(?:user|login|logon|signin|account|acct|member|admin|customer|client)*"
    r"(?:username|userid|userlogin|loginname|loginid|loginuser|logonid|logonname|username(?:or)?email|accountname"
    r"|accountid|membername|memberid|signinname|nickname|screenname|loginemail|useremail|useraccount)"
    r"|brukernavn|brukerid|bruker|kundenr|benutzername|benutzer|nutzername|anmeldename|kennung|anvandarnamn"
    r"|brugernavn|gebruikersnaam|utilisateur|identifiant|nomutilisateur|usuario|nombreusuario|usr|uname|usrname"
    r"|yonghuming|yonghu|yonghumingcheng|zhanghao|zhanghu|yhm|dengluming|gonghao|xuehao"
    r"|user|login|log|logon|username|acct|account|handle"
)
WEAK = re.compile(
    r"name|id|uid|mail|email|emailaddress|epost|epostadresse|youxiang|phone|mobile|phonenumber|mobilephone"
    r"|telephone|tel|shouji|shoujihao|sjh|number|code|member|customer|client|key|userkey|identity|identifier|nick"
    r"|principal|u|usercode|kunde|cardno"
)
TOKEN = re.compile(
    r"(?:x|user|login|app|client|my)?(?:accesstoken|authtoken|refreshtoken|idtoken|sessiontoken|sessiontok|bearertoken"
    r"|oauthtoken|logintoken|usertoken|apitoken|apikey|clientsecret|appsecret|secretkey|accesskey|authkey|authcode"
    r"|ssotoken|jwttoken|jwt|bearer|sessionkey|usersession|tgt|sessionticket|authticket)"
)
PERHAPS_TOKEN = re.compile(r"token|auth|ticket|session|sessionid|sid|authorization|usertok|tok")
SESSION_COOKIE = re.compile(
    r"phpsessid|jsessionid|aspnetsessionid|aspsessionid.*|aspxauth|sessionid|connectsid|sid|sess|session|sessid"
    r"|laravelsession|accesstoken|authtoken|refreshtoken|token|jwt|remembertoken|remembermetoken|wordpressloggedin.*"
    r"|cisession|railssession|sessiontoken|ssotoken|auth"
)
BUTTONS = frozenset(
    ("login", "log in", "log+in", "logg inn", "logginn", "logon", "log on", "sign in", "signin",
     "submit", "send", "ok", "go", "enter", "anmelden", "einloggen", "connexion", "entrar",
     "iniciar", "accedi", "inloggen", "logga in", "log ind", "denglu", "登录", "登陆", "登入", "next",
     "continue", "true", "yes", "on", "1", "password", "pwd")
)  # fmt: skip


@lru_cache(maxsize=4096)
def role_of(name: str) -> Role:
    """Return the role that a field's name announces, empty where it announces none."""
    if len(name) > LONGEST:
        return ""
    last = next((part for part in reversed(PARTS.split(name)) if part), "")
    if TURNED & {word.lower() for word in WORDS.findall(last)}:
        return ""
    bare = NOT_LETTERS.sub("", last.lower())
    for each in dict.fromkeys((bare, PREFIX.sub("", bare))):
        for pattern, role in ROLES:
            if pattern.fullmatch(each):
                return role
    return ""


ROLES: tuple[tuple[re.Pattern[str], Role], ...] = (
    (PASSWORD, "password"),
    (TOKEN, "token"),
    (USERS, "user"),
    (WEAK, "weak user"),
    (PERHAPS_TOKEN, "perhaps token"),
)


@lru_cache(maxsize=4096)
def names_session(cookie: str) -> bool:
    """Return whether a cookie's name says that it stands for a session."""
    return SESSION_COOKIE.fullmatch(NOT_LETTERS.sub("", cookie.lower())) is not None
