#include "service/base/crypto.h"
#include "service/base/json.h"
#include "service/ctl/command.h"
#include "service/ctl/terminal.h"

#include <QJsonObject>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

/// One master key as the API takes it.
struct KeySource {
    std::string_view passphrase_option;
    std::string_view file_option;
    std::string_view question;
    bool twice = false;  ///< a new passphrase is typed twice
};

Outcome<std::string> as_json(std::string_view field, const Secret& value) {
    JsonWriter json;
    json.open().field(field, value.reveal()).close();
    return std::move(json).text();
}

/// A key as bursard reads its own: 32 raw bytes, whatever they are, or 64 hexadecimal digits; here always the digits.
Outcome<Secret> read_key_file(const std::string& file) {
    constexpr std::size_t key_bytes = 32, file_bytes_max = 128;
    TRY(std::string bytes, read_text(file, file_bytes_max));
    const Secret content(std::move(bytes));
    if (content.size() == key_bytes) return Secret(to_hex(content.reveal()));
    std::string_view digits = content.reveal();
    while (!digits.empty() && (digits.back() == '\n' || digits.back() == '\r')) digits.remove_suffix(1);
    if (digits.size() != 2 * key_bytes || digits.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)
        return failed(
            fmt::format("{} is not a master key file: it should hold 32 raw bytes or 64 hexadecimal digits.", file));
    return Secret::copy_of(digits);
}

Outcome<std::string> read_key(Context& context, const KeySource& source) {
    if (const auto file = context.arguments.one(source.file_option)) {
        TRY(const Secret key, read_key_file(*file));
        return as_json("master_key", key);
    }
    if (const auto file = context.arguments.one(source.passphrase_option)) {
        TRY(const Secret passphrase, read_secret(*file));
        return as_json("passphrase", passphrase);
    }
    const std::string instead = fmt::format("give {} FILE or {} FILE", source.passphrase_option, source.file_option);
    TRY(const Secret typed, ask_secret(source.question, instead));
    if (source.twice) {
        TRY(const Secret again, ask_secret("The same once more", instead));
        if (!equal_in_constant_time(typed.reveal(), again.reveal()))
            return failed("The two passphrases differ; nothing was changed.");
    }
    return as_json("passphrase", typed);
}

}  // namespace

Outcome<Exit> vault_status(Context& context) {
    TRY(const Reply reply, context.api.get("/api/v1/vault"));
    return print_object(context, reply);
}

Outcome<Exit> vault_seal(Context& context) {
    TRY(const Reply reply, context.api.call({.method = "POST", .path = "/api/v1/vault/seal", .body = "{}"}));
    if (context.json()) print(reply.body + "\n");
    remark("The vault is sealed: no provider key is lent until 'bursarctl vault unseal'.");
    return Exit::ok;
}

Outcome<Exit> vault_unseal(Context& context) {
    bool is_new = false;
    // The state is asked for only to know whether a passphrase is a first one; without a token it may not be told.
    if (const auto status = context.api.get("/api/v1/vault")) {
        TRY(const QJsonObject vault, object_of(*status));
        is_new = vault.value(QLatin1String("new")).toBool();
    }
    TRY(std::string body,
        read_key(context, {.passphrase_option = "--passphrase-file",
                           .file_option = "--key-file",
                           .question = is_new ? "New passphrase of the vault" : "Passphrase of the vault",
                           .twice = is_new}));
    TRY(const Reply reply,
        context.api.call({.method = "POST", .path = "/api/v1/vault/unseal", .body = std::move(body)}));
    if (context.json()) print(reply.body + "\n");
    remark("The vault is unsealed.");
    return Exit::ok;
}

Outcome<Exit> vault_rotate(Context& context) {
    TRY(const std::string current, read_key(context, {.passphrase_option = "--current-passphrase-file",
                                                      .file_option = "--current-key-file",
                                                      .question = "Present passphrase of the vault"}));
    TRY(const std::string next, read_key(context, {.passphrase_option = "--next-passphrase-file",
                                                   .file_option = "--next-key-file",
                                                   .question = "Next passphrase of the vault",
                                                   .twice = true}));
    JsonWriter json;
    json.open().key("current").raw(current).key("next").raw(next).close();
    TRY(const Reply reply,
        context.api.call({.method = "POST", .path = "/api/v1/vault/rotate", .body = std::move(json).text()}));
    if (context.json()) print(reply.body + "\n");
    remark("The vault opens with the next master key from now on. Put it where bursard reads it at its start.");
    return Exit::ok;
}

Outcome<Exit> secret_put(Context& context) {
    TRY(const Secret value, read_secret(context.arguments.one("--file").value_or("")));
    TRY(std::string body, as_json("value", value));
    TRY(const Reply reply,
        context.api.call(
            {.method = "PUT", .path = "/api/v1/secrets/" + url_part(context.word(0)), .body = std::move(body)}));
    return print_object(context, reply);
}

Outcome<Exit> secret_list(Context& context) {
    return print_list(context, "/api/v1/secrets", "secrets",
                      {{"name", {"NAME"}},
                       {"bytes", {"BYTES", Align::right}},
                       {"fingerprint", {"FINGERPRINT"}},
                       {"created_at", {"CREATED"}},
                       {"changed_at", {"CHANGED"}}},
                      "The vault has no secrets. Put one: bursarctl secret put NAME < FILE");
}

Outcome<Exit> secret_delete(Context& context) {
    return end_one(context, "/api/v1/secrets/", "name",
                   fmt::format("Secret {} is deleted.", printable(context.word(0))));
}

}  // namespace bursar::ctl
