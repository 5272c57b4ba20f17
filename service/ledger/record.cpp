#include "service/ledger/record.h"

namespace bursar::ledger {
namespace {

/// A byte counts them.
constexpr std::size_t channel_bytes_max = 255;
constexpr std::uint8_t account_version = 2;
/// The version in which there was one amount of money only.
constexpr std::uint8_t account_version_money = 1;

/// Versions of a group.
enum class Form : std::uint8_t { money = 2, wide = 3, packed = 4 };

/// An id begins with the time in which it was made.
constexpr std::size_t id_time_bytes = 6;
/// Of a kind: the attempt's id has the time of its call's.
constexpr std::uint8_t same_time = 0x80;

std::string_view text_of(const std::array<unsigned char, 16>& id) {
    return {reinterpret_cast<const char*>(id.data()), id.size()};
}

template <typename Kind>
Id<Kind> id_of(std::string_view begin, std::string_view end) {
    std::array<unsigned char, 16> id{};
    std::size_t i = 0;
    for (const std::string_view part : {begin, end})
        for (const char c : part) id[i++] = static_cast<unsigned char>(c);
    return Id<Kind>{id};
}

Timestamp read_time(ByteReader& bytes) { return Timestamp(std::chrono::nanoseconds(bytes.i64())); }
std::int64_t nanoseconds_of(Timestamp at) { return at.time_since_epoch().count(); }

/// Whatever the numbers are, what is taken from one and added again is the same.
std::int64_t between(std::int64_t from, std::int64_t to) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from));
}
std::int64_t beyond(std::int64_t from, std::int64_t distance) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(from) + static_cast<std::uint64_t>(distance));
}

void write_amounts(ByteWriter& bytes, const Amounts& amounts) {
    bytes.i64(amounts.charge.nanos()).i64(amounts.cost.nanos()).i64(amounts.tokens).i64(amounts.calls);
}

Amounts read_amounts(ByteReader& bytes, bool money_only) {
    const NanoUsd charge{bytes.i64()};
    if (money_only) return {.charge = charge, .cost = charge};
    const NanoUsd cost{bytes.i64()};
    const Tokens tokens = bytes.i64();
    return {.charge = charge, .cost = cost, .tokens = tokens, .calls = bytes.i64()};
}

void pack_amounts(ByteWriter& bytes, const Amounts& amounts) {
    bytes.signed_number(amounts.charge.nanos()).signed_number(between(amounts.charge.nanos(), amounts.cost.nanos()));
    bytes.signed_number(amounts.tokens).signed_number(amounts.calls);
}

/// Reads the records of one group.
class RecordReader {
  public:
    RecordReader(ByteReader& bytes, Form form, Timestamp newest) : bytes_(bytes), form_(form), newest_(newest) {}

    std::optional<Record> next() {
        const std::uint8_t first = bytes_.u8();
        const bool shortened = form_ == Form::packed && (first & same_time) != 0;
        const auto kind = static_cast<std::uint8_t>(shortened ? first - same_time : first);
        if (kind < 1 || kind > 6) return std::nullopt;
        Record record{.kind = RecordKind{kind}};
        if (!read_ids(record, shortened)) return std::nullopt;
        switch (record.kind) {
            case RecordKind::hold:
                record.at = at();
                record.amount = amounts();
                record.price_version = bytes_.u64();
                if (form_ != Form::money) record.channel = bytes_.raw(bytes_.u8());
                read_accounts(record);
                break;
            case RecordKind::grow:
                record.amount = amounts();
                break;
            case RecordKind::settle:
            case RecordKind::lost:
                record.at = at();
                record.amount = amounts();
                read_accounts(record);
                break;
            case RecordKind::release:
                break;
            case RecordKind::posting:
                record.posting = form_ == Form::packed ? bytes_.signed_number() : bytes_.i64();
                record.at = at();
                record.amount = amounts();
                read_accounts(record);
                break;
        }
        return record;
    }

  private:
    /// False if there is no call whose time the attempt could have.
    bool read_ids(Record& record, bool shortened) {
        const bool names_call =
            record.kind == RecordKind::hold || record.kind == RecordKind::settle || record.kind == RecordKind::lost;
        if (shortened && !names_call) return false;
        if (record.kind == RecordKind::posting) return true;
        std::string_view time;
        if (names_call) {
            const std::string_view call = bytes_.raw(record.call.bytes().size());
            record.call = id_of<CallKind>(call, {});
            if (shortened) time = call.substr(0, id_time_bytes);
        }
        record.attempt = id_of<AttemptKind>(time, bytes_.raw(record.attempt.bytes().size() - time.size()));
        return true;
    }
    Timestamp at() {
        if (form_ != Form::packed) return read_time(bytes_);
        return Timestamp(std::chrono::nanoseconds(between(bytes_.signed_number(), nanoseconds_of(newest_))));
    }
    Amounts amounts() {
        if (form_ != Form::packed) return read_amounts(bytes_, form_ == Form::money);
        const std::int64_t charge = bytes_.signed_number();
        const std::int64_t cost = beyond(charge, bytes_.signed_number());
        const Tokens tokens = bytes_.signed_number();
        return {.charge = NanoUsd{charge}, .cost = NanoUsd{cost}, .tokens = tokens, .calls = bytes_.signed_number()};
    }
    void read_accounts(Record& record) {
        for (std::size_t left = bytes_.u8(); left > 0 && bytes_.whole(); --left)
            record.accounts.push_back(form_ == Form::packed ? static_cast<std::uint32_t>(bytes_.number())
                                                            : bytes_.u32());
    }

    ByteReader& bytes_;
    Form form_;
    Timestamp newest_;
};

/// Windows with nothing in them are not stored.
void write_windows(ByteWriter& bytes, const Tallies& tallies) {
    const auto one = [&](Per per, const Window& window) {
        bytes.u8(static_cast<std::uint8_t>(per));
        bytes.i64(nanoseconds_of(window.period.start)).i64(nanoseconds_of(window.period.end));
        write_amounts(bytes, window.spent);
    };
    const auto counts = [](const Window& window) { return window.spent != Amounts{}; };
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

GroupWriter::GroupWriter(Timestamp newest, std::uint32_t count) : newest_(newest) {
    constexpr std::size_t bytes_per_record = 72;
    bytes_.reserve(bytes_per_record * count);
    bytes_.u8(static_cast<std::uint8_t>(Form::packed)).i64(nanoseconds_of(newest)).u32(count);
}

void GroupWriter::head(RecordKind kind, const AttemptId& attempt) {
    bytes_.u8(static_cast<std::uint8_t>(kind)).raw(text_of(attempt.bytes()));
}

void GroupWriter::head(RecordKind kind, const CallId& call, const AttemptId& attempt) {
    std::string_view own = text_of(attempt.bytes());
    const bool same = own.substr(0, id_time_bytes) == text_of(call.bytes()).substr(0, id_time_bytes);
    if (same) own.remove_prefix(id_time_bytes);
    bytes_.u8(static_cast<std::uint8_t>(static_cast<unsigned>(kind) | (same ? same_time : 0U)));
    bytes_.raw(text_of(call.bytes())).raw(own);
}

void GroupWriter::before_newest(Timestamp at) {
    bytes_.signed_number(between(nanoseconds_of(at), nanoseconds_of(newest_)));
}

void GroupWriter::hold(const CallId& call, const AttemptId& attempt, Timestamp at, const Amounts& amount,
                       std::uint64_t price_version, std::string_view channel) {
    head(RecordKind::hold, call, attempt);
    before_newest(at);
    pack_amounts(bytes_, amount);
    const std::string_view kept = channel.substr(0, channel_bytes_max);
    bytes_.u64(price_version).u8(static_cast<std::uint8_t>(kept.size())).raw(kept);
}

void GroupWriter::grow(const AttemptId& attempt, const Amounts& more) {
    head(RecordKind::grow, attempt);
    pack_amounts(bytes_, more);
}

void GroupWriter::cost(RecordKind settle_or_lost, const CallId& call, const AttemptId& attempt, Timestamp at,
                       const Amounts& cost) {
    head(settle_or_lost, call, attempt);
    before_newest(at);
    pack_amounts(bytes_, cost);
}

void GroupWriter::release(const AttemptId& attempt) { head(RecordKind::release, attempt); }

void GroupWriter::posting(std::int64_t number, Timestamp at, const Amounts& amounts) {
    bytes_.u8(static_cast<std::uint8_t>(RecordKind::posting)).signed_number(number);
    before_newest(at);
    pack_amounts(bytes_, amounts);
}

std::optional<RecordGroup> read_group(std::string_view bytes) {
    ByteReader reader(bytes);
    const std::uint8_t version = reader.u8();
    if (version < static_cast<std::uint8_t>(Form::money) || version > static_cast<std::uint8_t>(Form::packed))
        return std::nullopt;
    RecordGroup group{.newest = read_time(reader)};
    const std::uint32_t count = reader.u32();
    RecordReader records(reader, Form{version}, group.newest);
    for (std::uint32_t left = count; left > 0; --left) {
        auto record = records.next();
        if (!record) return std::nullopt;
        group.records.push_back(*std::move(record));
    }
    if (!reader.whole() || !reader.at_end()) return std::nullopt;
    return group;
}

namespace {

void write_rolls(ByteWriter& bytes, const Account& account) {
    bytes.u8(static_cast<std::uint8_t>(account.rolls.size()));
    for (const Roll& roll : account.rolls) {
        std::vector<std::int64_t> cells;
        for (std::int64_t number = roll.newest_cell() - Roll::cells_back; number <= roll.newest_cell(); ++number)
            if (roll.cell(number) != Amounts{}) cells.push_back(number);
        bytes.u8(static_cast<std::uint8_t>(roll.per()))
            .i64(roll.newest_cell())
            .u8(static_cast<std::uint8_t>(cells.size()));
        for (const std::int64_t number : cells) {
            bytes.i64(number);
            write_amounts(bytes, roll.cell(number));
        }
    }
}

/// False if a kind is none that rolls, or a cell none of its window.
bool read_rolls(ByteReader& reader, StoredAccount& account) {
    for (std::size_t left = reader.u8(); left > 0 && reader.whole(); --left) {
        const auto per = static_cast<Per>(reader.u8());
        if (per > Per::minute || per == Per::ever) return false;
        const std::int64_t newest = reader.i64();
        Roll& roll = account.rolls.emplace_back(Roll::at_cell(per, newest));
        for (std::size_t cells = reader.u8(); cells > 0 && reader.whole(); --cells) {
            const std::int64_t number = reader.i64();
            if (number > newest) return false;
            roll.restore(number, read_amounts(reader, false));
        }
    }
    return true;
}

void write_spans(ByteWriter& bytes, const Account& account) {
    bytes.u32(static_cast<std::uint32_t>(account.spans.size()));
    for (const Span& span : account.spans) {
        bytes.i64(nanoseconds_of(span.period.start)).i64(nanoseconds_of(span.period.end));
        write_amounts(bytes, span.spent);
    }
}

void read_spans(ByteReader& reader, StoredAccount& account) {
    for (std::size_t left = reader.u32(); left > 0 && reader.whole(); --left) {
        const Period period{.start = read_time(reader), .end = read_time(reader)};
        account.spans.push_back({.period = period, .spent = read_amounts(reader, false)});
    }
}

}  // namespace

std::string write_account(const Account& account) {
    ByteWriter bytes;
    bytes.u8(account_version);
    write_amounts(bytes, account.spent);
    bytes.u8(static_cast<std::uint8_t>(account.tallies.size()));
    for (const Tallies& tallies : account.tallies) {
        const std::string& zone = tallies.calendar().zone_name();
        bytes.u8(static_cast<std::uint8_t>(zone.size())).raw(zone);
        write_windows(bytes, tallies);
    }
    write_rolls(bytes, account);
    write_spans(bytes, account);
    return std::move(bytes).sealed();
}

std::optional<StoredAccount> read_account(std::string_view bytes) {
    ByteReader reader(bytes);
    const std::uint8_t version = reader.u8();
    const bool money_only = version == account_version_money;
    if (version != account_version && !money_only) return std::nullopt;
    StoredAccount account{.spent = read_amounts(reader, money_only), .tallies = {}, .rolls = {}, .spans = {}};
    for (std::size_t left = reader.u8(); left > 0 && reader.whole(); --left) {
        auto& tallies = account.tallies.emplace_back();
        tallies.zone = reader.raw(reader.u8());
        for (std::uint32_t windows = reader.u32(); windows > 0 && reader.whole(); --windows) {
            const auto per = static_cast<Per>(reader.u8());
            if (per > Per::minute || per == Per::ever) return std::nullopt;
            const Period period{.start = read_time(reader), .end = read_time(reader)};
            tallies.windows.push_back({.per = per, .period = period, .spent = read_amounts(reader, money_only)});
        }
    }
    if (!money_only) {
        if (!read_rolls(reader, account)) return std::nullopt;
        read_spans(reader, account);
    }
    if (!reader.whole() || !reader.at_end()) return std::nullopt;
    return account;
}

}  // namespace bursar::ledger
