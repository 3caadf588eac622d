"""issuer.py -- an issuer of tokens without a provider behind it: a key, its
public half for roost, and JWTs (RFC 7519) that say what a test wants."""
import base64
import json
import os
import subprocess
import time

AUDIENCE = "urn:roost"


def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def openssl(*words, data=b""):
    return subprocess.run(["openssl", *words], input=data, check=True,
                          capture_output=True).stdout


class Issuer:
    def __init__(self, url, directory):
        self.url = url
        self.key = os.path.join(directory, "issuer.pem")
        openssl("genrsa", "-out", self.key, "2048")

    def keys(self):
        """The set of keys (RFC 7517)."""
        modulus = openssl("rsa", "-in", self.key, "-noout", "-modulus")
        n = bytes.fromhex(modulus.split(b"=")[1].strip().decode())
        return json.dumps({"keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1",
            "n": base64url(n), "e": "AQAB"}]})

    def token(self, user, seconds=600, **claims):
        now = int(time.time())
        text = ".".join(base64url(json.dumps(part).encode()) for part in (
            {"alg": "RS256", "typ": "at+jwt", "kid": "1"},
            {"iss": self.url, "aud": AUDIENCE, "sub": user, "email": user,
             "iat": now, "exp": now + seconds, **claims}))
        return text + "." + base64url(openssl(
            "dgst", "-sha256", "-sign", self.key, data=text.encode()))


def oauthbearer(token, user=""):
    """RFC 7628 section 3.1"""
    authzid = "a=" + user if user else ""
    return ("n,%s,\1auth=Bearer %s\1\1" % (authzid, token)).encode()


def xoauth2(token, user):
    return ("user=%s\1auth=Bearer %s\1\1" % (user, token)).encode()
