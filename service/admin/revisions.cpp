#include "service/admin/control_plane.h"

#include <array>

#include <fmt/format.h>

namespace bursar::admin {
namespace {

constexpr std::array<std::string_view, 2> steps = {
    "CREATE TABLE policy_revision (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, author TEXT NOT NULL, reason TEXT "
    "NOT NULL)",
    "CREATE TABLE policy_document (revision INTEGER NOT NULL REFERENCES policy_revision, position INTEGER NOT NULL,"
    " name TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (revision, position)) WITHOUT ROWID",
};

Revision revision_of(const store::Row& row) {
    return {.number = row.integer(0),
            .at = Timestamp(std::chrono::nanoseconds(row.integer(1))),
            .author = std::string(row.text(2)),
            .reason = std::string(row.text(3)),
            .documents = {}};
}

Result<void> read_documents(store::Transaction& transaction, Revision& revision) {
    return transaction.each(
        "SELECT name, text FROM policy_document WHERE revision = ? ORDER BY position", {revision.number},
        [&](const store::Row& row) -> Result<void> {
            revision.documents.push_back({.name = std::string(row.text(0)), .text = std::string(row.text(1))});
            return {};
        });
}

/// The newest revision with its documents, or the one of this number; number 0 if there is none.
Result<Revision> read_one(store::Store& store, std::optional<std::int64_t> number) {
    Revision revision;
    const auto take = [&](const store::Row& row) -> Result<void> {
        revision = revision_of(row);
        return {};
    };
    TRY_VOID(store.read([&](store::Transaction& transaction) -> Result<void> {
        if (number)
            TRY_VOID(transaction.each("SELECT number, at, author, reason FROM policy_revision WHERE number = ?",
                                      {*number}, take));
        else
            TRY_VOID(transaction.each(
                "SELECT number, at, author, reason FROM policy_revision ORDER BY number DESC LIMIT 1", {}, take));
        return read_documents(transaction, revision);
    }));
    return revision;
}

}  // namespace

store::Schema Revisions::schema() { return {.part = "policy", .steps = steps}; }

Result<Revision> Revisions::newest(store::Store& store) { return read_one(store, std::nullopt); }

Result<Revision> Revisions::read(store::Store& store, std::int64_t number) {
    TRY(Revision revision, read_one(store, number));
    if (revision.number == 0)
        return fail(Fault::not_found,
                    fmt::format("There is no policy revision {}. See: bursarctl policy history.", number));
    return revision;
}

Result<std::vector<Revision>> Revisions::list(store::Store& store, int count_max) {
    std::vector<Revision> revisions;
    TRY_VOID(store.read([&](store::Transaction& transaction) {
        return transaction.each("SELECT number, at, author, reason FROM policy_revision ORDER BY number DESC LIMIT ?",
                                {std::int64_t{count_max}}, [&](const store::Row& row) -> Result<void> {
                                    revisions.push_back(revision_of(row));
                                    return {};
                                });
    }));
    return revisions;
}

Result<void> Revisions::append(store::Transaction& transaction, const Revision& revision) {
    std::int64_t newest = 0;
    TRY_VOID(transaction.each("SELECT coalesce(max(number), 0) FROM policy_revision", {},
                              [&](const store::Row& row) -> Result<void> {
                                  newest = row.integer(0);
                                  return {};
                              }));
    if (revision.number != newest + 1)
        return fail(
            Fault::conflict,
            fmt::format("The policy is at revision {} by now. Read it again and repeat your change on it.", newest));
    TRY_VOID(transaction.run("INSERT INTO policy_revision (number, at, author, reason) VALUES (?, ?, ?, ?)",
                             {revision.number, revision.at.time_since_epoch().count(),
                              std::string_view(revision.author), std::string_view(revision.reason)}));
    std::int64_t position = 0;
    for (const policies::Document& document : revision.documents)
        TRY_VOID(transaction.run(
            "INSERT INTO policy_document (revision, position, name, text) VALUES (?, ?, ?, ?)",
            {revision.number, position++, std::string_view(document.name), std::string_view(document.text)}));
    return {};
}

}  // namespace bursar::admin
