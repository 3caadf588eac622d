/*
 * imported.c -- a mailbox that comes from another server, and what it is for.
 *
 * Elsewhere the special folders are known by their names alone, in the
 * language of whoever made them. One that is imported under such a name gets
 * the special use (RFC 6154), if the mailbox that has it here has never had a
 * message: it is then what the account was made with, and unused.
 */
#include "mailbox/imported.h"

#include "base/unicode.h"
#include "mailbox/tree.h"

/* As the common clients and servers call them, by use: English and what
 * Outlook, Apple Mail and Thunderbird say; then the languages. Case and
 * composition don't matter. */
static const struct known {
	uint32_t use;
	const char *names[56];
} known[] = {
	{ USE_SENT,
	  { "Sent",
	    "Sent Items",
	    "Sent Messages",
	    "Sent Mail",
	    "Sent-mail",
	    "Gesendet",
	    "Gesendete Objekte",
	    "Gesendete Elemente",
	    "Envoyés",
	    "Éléments envoyés",
	    "Messages envoyés",
	    "Enviados",
	    "Elementos enviados",
	    "Mensajes enviados",
	    "Itens enviados",
	    "Posta inviata",
	    "Inviata",
	    "Verzonden",
	    "Verzonden items",
	    "Wysłane",
	    "Elementy wysłane",
	    "Отправленные",
	    "Надіслані",
	    "Skickat",
	    "Sendt",
	    "Lähetetyt",
	    "Odeslané",
	    "Elküldött",
	    "已发送",
	    "已傳送",
	    "送信済み",
	    "보낸 편지함",
	    "Sendt post",
	    "Sendte elementer",
	    "Skickade objekt",
	    "Odeslaná pošta",
	    "Odoslané",
	    "Elküldött elemek",
	    "Απεσταλμένα",
	    "Trimise",
	    "Elemente trimise",
	    "Enviats",
	    "Gönderilmiş Öğeler",
	    "Gönderilenler",
	    "已发送邮件",
	    "寄件備份",
	    "送信済みアイテム" } },
	{ USE_TRASH,
	  { "Trash",
	    "Deleted Items",
	    "Deleted Messages",
	    "Bin",
	    "Papierkorb",
	    "Gelöschte Objekte",
	    "Gelöschte Elemente",
	    "Corbeille",
	    "Éléments supprimés",
	    "Papelera",
	    "Elementos eliminados",
	    "Lixeira",
	    "Lixo",
	    "Itens excluídos",
	    "Cestino",
	    "Posta eliminata",
	    "Prullenbak",
	    "Verwijderde items",
	    "Kosz",
	    "Elementy usunięte",
	    "Корзина",
	    "Удаленные",
	    "Удалённые",
	    "Кошик",
	    "Papperskorgen",
	    "Slettet",
	    "Roskakori",
	    "Koš",
	    "已删除",
	    "垃圾桶",
	    "ゴミ箱",
	    "휴지통",
	    "Slettet post",
	    "Slettede elementer",
	    "Papirkurv",
	    "Borttaget",
	    "Borttagna objekt",
	    "Poistetut",
	    "Odstraněná pošta",
	    "Kôš",
	    "Törölt elemek",
	    "Kuka",
	    "Διαγραμμένα",
	    "Coș de gunoi",
	    "Elemente șterse",
	    "Paperera",
	    "Silinmiş Öğeler",
	    "Çöp Kutusu",
	    "Видалені",
	    "已删除邮件",
	    "刪除的郵件",
	    "削除済みアイテム" } },
	{ USE_DRAFTS,
	  { "Drafts",     "Draft",         "Entwürfe",       "Brouillons",
	    "Borradores", "Rascunhos",     "Bozze",          "Concepten",
	    "Szkice",     "Kopie robocze", "Wersje robocze", "Черновики",
	    "Чернетки",   "Utkast",        "Kladder",        "Luonnokset",
	    "Koncepty",   "Rozepsané",     "Piszkozatok",    "草稿",
	    "草稿箱",     "下書き",        "임시 보관함",    "Πρόχειρα",
	    "Ciorne",     "Esborranys",    "Taslaklar" } },
	{ USE_JUNK,
	  { "Junk",
	    "Spam",
	    "Junk E-mail",
	    "Junk Email",
	    "Junk Mail",
	    "Bulk Mail",
	    "Junk-E-Mail",
	    "Spamverdacht",
	    "Werbung",
	    "Unerwünscht",
	    "Indésirables",
	    "Courrier indésirable",
	    "Pourriel",
	    "Correo no deseado",
	    "No deseado",
	    "Lixo eletrônico",
	    "Posta indesiderata",
	    "Ongewenste e-mail",
	    "Ongewenst",
	    "Wiadomości-śmieci",
	    "Спам",
	    "Нежелательная почта",
	    "Skräppost",
	    "Søppelpost",
	    "Roskaposti",
	    "Nevyžádaná pošta",
	    "Levélszemét",
	    "垃圾邮件",
	    "垃圾郵件",
	    "迷惑メール",
	    "스팸",
	    "Uønsket mail",
	    "Ανεπιθύμητα",
	    "Correu brossa",
	    "Önemsiz E-posta",
	    "Gereksiz" } },
	{ USE_ARCHIVE,
	  { "Archive",  "Archives", "Archiv",   "Archivo", "Arquivo",
	    "Archivio", "Archief",  "Archiwum", "Архив",   "Архів",
	    "Arkiv",    "Arkisto",  "Archív",   "归档",    "アーカイブ",
	    "Αρχείο",   "Arhivă",   "Arxiu",    "Arşiv",   "封存" } },
};

static bool is_called(struct slice folded, const char *name)
{
	struct buf other = { 0 };
	bool same;

	unicode_fold(slice_cstr(name), &other);
	same = slice_eq(folded, buf_slice(&other));
	buf_free(&other);
	return same;
}

static bool has_name(const struct known *k, struct slice folded)
{
	size_t most = sizeof k->names / sizeof *k->names;

	for (size_t i = 0; i < most && k->names[i] != NULL; i++)
		if (is_called(folded, k->names[i]))
			return true;
	return false;
}

/* Some servers have everything below INBOX, and Gmail has these below a name of
 * its own. */
static struct slice last_of(struct slice name)
{
	static const struct slice above[] = { N("INBOX"), N("[Gmail]"),
		                              N("[Google Mail]") };

	for (size_t i = 0; i < sizeof above / sizeof *above; i++)
		if (is_below(name, above[i]))
			return slice_from(name, above[i].len + 1);
	return name;
}

static uint32_t use_by_name(struct slice name)
{
	struct buf folded = { 0 };
	uint32_t use = 0;

	name = last_of(name);
	unicode_fold(name, &folded);
	for (size_t i = 0; use == 0 && i < sizeof known / sizeof *known; i++)
		if (has_name(&known[i], buf_slice(&folded)))
			use = known[i].use;
	buf_free(&folded);
	return use;
}

/* -- the use goes over -- */

/* Does a mailbox have the use that has ever had a message? */
static struct err is_in_use(struct account *a, uint32_t use, bool *is_used)
{
	struct row_walk w = meta_walk(a);
	struct mailbox_meta meta;
	struct slice name;

	*is_used = false;
	while (meta_walk_next(&w, &meta, &name)) {
		if (meta.special_use & use && meta.uidnext != 1)
			*is_used = true;
	}
	return w.e;
}

static struct err take_use_locked(struct change *c, struct slice name,
                                  uint32_t use)
{
	struct uses_change moved;
	bool is_used;
	uint32_t id;
	struct err e = is_in_use(c->account, use, &is_used);

	if (!is_ok(e) || is_used)
		return e;
	e = lookup_name(c->account, name, &id);
	if (is_ok(e))
		e = uses_put(&moved, c, id, use);
	if (is_ok(e))
		e = change_commit(c);
	if (is_ok(e))
		uses_committed(&moved, c->account);
	return e;
}

struct err mailbox_create_imported(struct account *a, struct slice name)
{
	struct err e = mailbox_create(a, name, 0);
	uint32_t use = is_ok(e) ? use_by_name(name) : 0;
	struct change c;

	if (use == 0)
		return e;
	change_begin(&c, a);
	e = take_use_locked(&c, name, use);
	change_end(&c);
	return e;
}
