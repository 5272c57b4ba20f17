#include "service/daemon/offline.h"

#include "auth/break_glass.h"
#include "service/backup/restore.h"
#include "service/daemon/pair_files.h"
#include "service/daemon/passphrase.h"
#include "service/daemon/service.h"

#include <cstdio>

#include <fmt/format.h>

namespace bursar::daemon {
namespace {

/// The vault outlives the books.
struct Opened {
    std::unique_ptr<vault::Vault> vault;
    Books books;
};

Result<Opened> open(const Configuration& configuration, const Clock& clock) {
    TRY_VOID(check_own_books(configuration));
    TRY(const auto defaults, policies::read_folder(configuration.policy_defaults));
    TRY_VOID(backup::finish_restore(configuration.state_folder));
    const std::filesystem::path folder = configuration.state_folder / "vault";
    std::error_code made;
    std::filesystem::create_directories(folder, made);
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, made);
    Opened opened;
    TRY(opened.vault, vault::Vault::open(folder, clock));
    TRY(const vault::MasterKey key, configuration.key_source == KeySource::passphrase
                                        ? read_passphrase(opened.vault->is_new())
                                        : key_of(configuration));
    TRY_VOID(opened.vault->unseal(key));
    TRY(opened.books, open_books(configuration, defaults, *opened.vault, clock));
    return opened;
}

bool show(std::string_view secret) {
    return std::fputs(fmt::format("{}\n", secret).c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
}

auth::Also recorded(const Books& books, std::string action, std::string object) {
    return [&books, action = std::move(action), object = std::move(object)](store::Transaction& transaction) {
        return books.audit->append(transaction, {"local", "", action, object, "ok", "{}"});
    };
}

/// Whoever has signed in by the former passphrase is out.
Result<void> end_break_glass_sessions(const Books& books) {
    for (const auth::Session& session : books.sessions->all())
        if (session.way == auth::break_glass_way) TRY_VOID(books.sessions->end(session.id, {}));
    return {};
}

}  // namespace

Result<void> issue_operator(const Configuration& configuration, const std::string& name, auth::Role role,
                            const Clock& clock) {
    TRY(const Opened opened, open(configuration, clock));
    const Books& books = opened.books;
    const auto also = [&](store::Transaction& transaction, const auth::Operator& issued) {
        const std::string detail = fmt::format(R"({{"id":"{}","role":"{}"}})", issued.id, auth::name_of(issued.role));
        return books.audit->append(transaction, {"local", "", "operator.issue", "operator:" + name, "ok", detail});
    };
    TRY(const auth::IssuedToken token, books.operators->issue(name, role, std::nullopt, also));
    if (show(token.text.reveal())) return {};
    return fail(Fault::internal, fmt::format("The token was issued, but standard output cannot be written. Issue "
                                             "another one, then: bursarctl operator revoke {}",
                                             token.facts.id));
}

Result<void> make_break_glass(const Configuration& configuration, const std::string& name, const Clock& clock) {
    TRY(const Opened opened, open(configuration, clock));
    const auto account = auth::BreakGlass::in(*opened.books.store, clock);
    TRY(const auth::BreakGlass::Made made,
        account->make(name, recorded(opened.books, "break_glass.make", "break_glass:" + name)));
    TRY_VOID(end_break_glass_sessions(opened.books));
    if (show(made.passphrase.reveal())) return {};
    return fail(
        Fault::internal,
        "The passphrase was made, but standard output cannot be written, so nobody knows it. Make another one.");
}

Result<void> seal_break_glass(const Configuration& configuration, const Clock& clock) {
    TRY(const Opened opened, open(configuration, clock));
    TRY_VOID(auth::BreakGlass::in(*opened.books.store, clock)
                 ->seal(recorded(opened.books, "break_glass.seal", "break_glass")));
    return end_break_glass_sessions(opened.books);
}

}  // namespace bursar::daemon
