#include "service/ledger/record.h"

namespace bursar::ledger {
namespace {

constexpr std::uint8_t group_version = 2;
constexpr std::uint8_t account_version = 1;

std::string_view text_of(const std::array<unsigned char, 16>& id) {
    return {reinterpret_cast<const char*>(id.data()), id.size()};
}

template <typename Kind>
Id<Kind> read_id(ByteReader& bytes) {
    std::array<unsigned char, 16> id{};
    std::size_t i = 0;
    for (const char c : bytes.raw(id.size())) id[i++] = static_cast<unsigned char>(c);
    return Id<Kind>{id};
}

Timestamp read_time(ByteReader& bytes) { return Timestamp(std::chrono::nanoseconds(bytes.i64())); }
std::int64_t nanoseconds_of(Timestamp at) { return at.time_since_epoch().count(); }

void read_accounts(ByteReader& bytes, Record& record) {
    for (std::size_t left = bytes.u8(); left > 0 && bytes.whole(); --left) record.accounts.push_back(bytes.u32());
}

std::optional<Record> read_record(ByteReader& bytes) {
    const std::uint8_t kind = bytes.u8();
    if (kind < 1 || kind > 5) return std::nullopt;
    Record record{.kind = RecordKind{kind}};
    const bool names_call = record.kind != RecordKind::grow && record.kind != RecordKind::release;
    if (names_call) record.call = read_id<CallKind>(bytes);
    record.attempt = read_id<AttemptKind>(bytes);
    switch (record.kind) {
        case RecordKind::hold:
            record.at = read_time(bytes);
            record.amount = NanoUsd{bytes.i64()};
            record.price_version = bytes.u64();
            read_accounts(bytes, record);
            break;
        case RecordKind::grow:
            record.amount = NanoUsd{bytes.i64()};
            break;
        case RecordKind::settle:
        case RecordKind::lost:
            record.at = read_time(bytes);
            record.amount = NanoUsd{bytes.i64()};
            read_accounts(bytes, record);
            break;
        case RecordKind::release:
            break;
    }
    return record;
}

/// Windows with nothing in them are not stored.
void write_windows(ByteWriter& bytes, const Tallies& tallies) {
    const auto one = [&](Per per, const Window& window) {
        bytes.u8(static_cast<std::uint8_t>(per));
        bytes.i64(nanoseconds_of(window.period.start)).i64(nanoseconds_of(window.period.end)).i64(window.spent.nanos());
    };
    const auto counts = [](const Window& window) { return window.spent != NanoUsd{}; };
    std::size_t count = 0;
    for (const auto& past : tallies.past()) count += counts(past.window) ? 1 : 0;
    for (const Per per : calendar_periods) count += counts(tallies.current(per)) ? 1 : 0;
    bytes.u32(static_cast<std::uint32_t>(count));
    for (const auto& past : tallies.past())
        if (counts(past.window)) one(past.per, past.window);
    for (const Per per : calendar_periods)
        if (counts(tallies.current(per))) one(per, tallies.current(per));
}

}  // namespace

GroupWriter::GroupWriter(Timestamp newest, std::uint32_t count) {
    bytes_.u8(group_version).i64(nanoseconds_of(newest)).u32(count);
}

void GroupWriter::head(RecordKind kind, const AttemptId& attempt) {
    bytes_.u8(static_cast<std::uint8_t>(kind)).raw(text_of(attempt.bytes()));
}

void GroupWriter::head(RecordKind kind, const CallId& call, const AttemptId& attempt) {
    bytes_.u8(static_cast<std::uint8_t>(kind)).raw(text_of(call.bytes())).raw(text_of(attempt.bytes()));
}

void GroupWriter::hold(const CallId& call, const AttemptId& attempt, Timestamp at, NanoUsd amount,
                       std::uint64_t price_version) {
    head(RecordKind::hold, call, attempt);
    bytes_.i64(nanoseconds_of(at)).i64(amount.nanos()).u64(price_version);
}

void GroupWriter::grow(const AttemptId& attempt, NanoUsd more) {
    head(RecordKind::grow, attempt);
    bytes_.i64(more.nanos());
}

void GroupWriter::cost(RecordKind settle_or_lost, const CallId& call, const AttemptId& attempt, Timestamp at,
                       NanoUsd cost) {
    head(settle_or_lost, call, attempt);
    bytes_.i64(nanoseconds_of(at)).i64(cost.nanos());
}

void GroupWriter::release(const AttemptId& attempt) { head(RecordKind::release, attempt); }

std::optional<RecordGroup> read_group(std::string_view bytes) {
    ByteReader reader(bytes);
    if (reader.u8() != group_version) return std::nullopt;
    RecordGroup group{.newest = read_time(reader)};
    for (std::uint32_t left = reader.u32(); left > 0; --left) {
        auto record = read_record(reader);
        if (!record) return std::nullopt;
        group.records.push_back(*std::move(record));
    }
    if (!reader.whole() || !reader.at_end()) return std::nullopt;
    return group;
}

std::string write_account(const Account& account) {
    ByteWriter bytes;
    bytes.u8(account_version).i64(account.spent.nanos()).u8(static_cast<std::uint8_t>(account.tallies.size()));
    for (const Tallies& tallies : account.tallies) {
        const std::string& zone = tallies.calendar().zone_name();
        bytes.u8(static_cast<std::uint8_t>(zone.size())).raw(zone);
        write_windows(bytes, tallies);
    }
    return std::move(bytes).sealed();
}

std::optional<StoredAccount> read_account(std::string_view bytes) {
    ByteReader reader(bytes);
    if (reader.u8() != account_version) return std::nullopt;
    StoredAccount account{.spent = NanoUsd{reader.i64()}};
    for (std::size_t left = reader.u8(); left > 0 && reader.whole(); --left) {
        auto& tallies = account.tallies.emplace_back();
        tallies.zone = reader.raw(reader.u8());
        for (std::uint32_t windows = reader.u32(); windows > 0 && reader.whole(); --windows) {
            const std::uint8_t per = reader.u8();
            if (per >= calendar_periods.size()) return std::nullopt;
            const Period period{.start = read_time(reader), .end = read_time(reader)};
            tallies.windows.push_back({.per = Per{per}, .period = period, .spent = NanoUsd{reader.i64()}});
        }
    }
    if (!reader.whole() || !reader.at_end()) return std::nullopt;
    return account;
}

}  // namespace bursar::ledger
