"""on_session.py -- the commands of session.py that are about the session."""
from account import No
from answer import Rules
from view import demand, lower
from wire import Status

CAPABILITIES = {"IMAP4REV1", "IMAP4REV2", "ESEARCH", "LIST-EXTENDED", "MOVE",
                "LIST-STATUS", "MULTIAPPEND", "SEARCHRES", "UIDPLUS", "ESORT",
                "PARTIAL", "SORT", "SORT=DISPLAY", "I18NLEVEL=1",
                "BINARY", "CATENATE", "METADATA", "METADATA-SERVER",
                "COMPRESS=DEFLATE", "CONTEXT=SEARCH", "CONTEXT=SORT",
                "MULTISEARCH", "QUOTA", "REPLACE", "UNAUTHENTICATE",
                "QUOTA=RES-ANNOTATION-STORAGE", "QUOTA=RES-MAILBOX",
                "QUOTA=RES-MESSAGE", "QUOTA=RES-STORAGE", "OBJECTID", "PREVIEW", "SAVEDATE", "STATUS=SIZE", "WITHIN",
                "THREAD=ORDEREDSUBJECT", "THREAD=REFERENCES", "THREAD=REFS", "UIDBATCHES",
                "UIDONLY", "UTF8=ACCEPT"}


class SessionCommands:
    def do_noop(self, _command, _answer):
        yield Rules()

    do_check = do_noop

    do_check = do_noop

    def do_capability(self, _command, answer):
        yield Rules()
        found = lower(answer.rest["CAPABILITY"][0])
        demand(lower(CAPABILITIES) <= found, "CAPABILITY %r", found)

    def do_id(self, _command, answer):
        yield Rules()
        demand(len(answer.rest["ID"]) == 1, "ID")

    def do_logout(self, _command, answer):
        self.over = True
        yield Rules()
        self.current = None
        demand(any(isinstance(x, Status) and x.word == "BYE"
                   for x in answer.untagged), "no BYE")

    def do_compress(self, command, _answer):
        if command.algorithm != "DEFLATE":
            raise No()
        if self.compressed:
            raise No("COMPRESSIONACTIVE")
        self.compressed = True
        yield Rules()

    def do_unauthenticate(self, _command, _answer):
        self.left = True            # see stream.py
        yield Rules(expunge=False)
        self.current = None

    def do_idle(self, _command, _answer):
        yield Rules()

    def do_namespace(self, _command, answer):
        yield Rules()
        demand(answer.rest["NAMESPACE"] == [([[b"", b"/"]],
                                              [[b"Other Users/", b"/"]],
                                              [[b"Shared/", b"/"]])],
               "NAMESPACE %r", answer.rest["NAMESPACE"])

    def do_enable(self, command, answer):
        new = set() if self.rev2 else {"IMAP4REV2"}
        new |= {"CONDSTORE"} | (set() if self.qresync else {"QRESYNC"})
        new |= set() if self.accept else {"UTF8=ACCEPT"}
        new |= set() if self.uidonly else {"UIDONLY"}
        new &= set(command.names)
        self.accept = self.accept or "UTF8=ACCEPT" in new
        self.uidonly = self.uidonly or "UIDONLY" in new
        self.qresync = self.qresync or "QRESYNC" in new
        self.enabled = self.enabled or bool({"QRESYNC", "CONDSTORE"} & new)
        self.rev2 = self.rev2 or "IMAP4REV2" in new
        yield Rules()
        demand({x.upper() for x in answer.rest["ENABLED"][0]} ^ new <=
               {"CONDSTORE"}, "ENABLED %r", answer.rest["ENABLED"])
