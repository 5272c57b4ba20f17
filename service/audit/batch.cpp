#include "service/audit/batch.h"

#include "service/base/varint.h"

#include <algorithm>
#include <array>
#include <unordered_map>

namespace bursar::audit {
namespace {

/// Of a batch of that version.
constexpr std::array<std::size_t, batch_version> names_of_version = {11, 13, names_per_row};

/// Of callers and of providers.
constexpr Dialect dialect_last = std::ranges::max(endpoint_table, {}, &EndpointFacts::dialect).dialect;
static_assert(dialect_last == Dialect::cohere, "each dialect has an endpoint");

enum Flag : std::uint8_t { streamed = 1, has_attempt = 2, superseded = 4 };

template <typename Text>
auto texts_of(Text& outcome) {
    return std::array{&outcome.key_id,       &outcome.team,          &outcome.person,
                      &outcome.tags,         &outcome.address,       &outcome.model,
                      &outcome.channel,      &outcome.fault,         &outcome.served.service_tier,
                      &outcome.served.speed, &outcome.served.region, &outcome.tier,
                      &outcome.cost_centre,  &outcome.served.picture};
}

void append_text(std::string& out, std::string_view text) {
    append_number(out, text.size());
    out += text;
}

template <typename Kind>
void append_id(std::string& out, const Id<Kind>& id) {
    out.append(reinterpret_cast<const char*>(id.bytes().data()), id.bytes().size());
}

struct Cursor : NumberCursor {
    std::string_view bytes(std::uint64_t count) {
        if (count > rest.size()) {
            good = false;
            return {};
        }
        const std::string_view taken = rest.substr(0, count);
        rest.remove_prefix(count);
        return taken;
    }
    template <typename Kind>
    Id<Kind> id() {
        typename Id<Kind>::Bytes value{};
        const std::string_view taken = bytes(value.size());
        std::ranges::copy(taken, value.begin());
        return Id<Kind>(value);
    }
    /// An enumerator up to `last`.
    template <typename Enum>
    Enum one_of(Enum last) {
        const std::uint64_t value = number();
        if (value > static_cast<std::uint64_t>(last)) good = false;
        return static_cast<Enum>(value);
    }
};

class Names {
  public:
    /// In `column` of the rows, of which most say there what the row before said.
    std::uint32_t number_of(std::size_t column, std::string_view text) {
        Last& last = last_[column];
        if (last.said && last.text == text) return last.number;
        last = {.said = true, .text = text, .number = number_of(text)};
        return last.number;
    }
    std::string take() { return std::move(bytes_); }

  private:
    struct Last {
        bool said = false;
        std::string_view text;
        std::uint32_t number = 0;
    };
    std::uint32_t number_of(std::string_view text) {
        const auto [place, fresh] = numbers_.try_emplace(text, static_cast<std::uint32_t>(numbers_.size()));
        if (fresh) append_text(bytes_, text);
        return place->second;
    }

    std::array<Last, names_per_row> last_;
    std::unordered_map<std::string_view, std::uint32_t> numbers_;
    std::string bytes_;
};

void append_usage(std::string& out, const Usage& usage) {
    std::uint64_t present = 0;
    for (std::size_t i = 0; i < usage_fields.size(); ++i)
        if (usage.*usage_fields[i] != 0) present |= 1U << i;
    append_number(out, present);
    for (const auto field : usage_fields)
        if (usage.*field != 0) append_signed(out, usage.*field);
}

Usage take_usage(Cursor& cursor) {
    Usage usage;
    const std::uint64_t present = cursor.number();
    for (std::size_t i = 0; i < usage_fields.size(); ++i)
        if ((present >> i & 1) != 0) usage.*usage_fields[i] = cursor.number_signed();
    return usage;
}

void append_row(std::string& out, const Outcome& outcome, Timestamp at_min, Names& names) {
    const bool attempted = outcome.attempt != AttemptId{};
    append_number(out, static_cast<unsigned>(outcome.streamed ? streamed : 0) |
                           static_cast<unsigned>(attempted ? has_attempt : 0) |
                           static_cast<unsigned>(outcome.superseded ? superseded : 0));
    append_id(out, outcome.call);
    if (attempted) append_id(out, outcome.attempt);
    append_signed(out, (outcome.at - at_min).count());
    for (const auto span : {outcome.duration, outcome.first_byte, outcome.overhead}) append_signed(out, span.count());
    std::size_t column = 0;
    for (const std::string* text : texts_of(outcome)) append_number(out, names.number_of(column++, *text));
    append_number(out, static_cast<std::uint64_t>(outcome.dialect));
    append_number(out, static_cast<std::uint64_t>(outcome.endpoint));
    append_text(out, outcome.provider_request_id);
    append_signed(out, outcome.status);
    append_signed(out, outcome.attempts);
    append_usage(out, outcome.usage);
    append_number(out, static_cast<std::uint64_t>(outcome.usage_source));
    append_signed(out, outcome.held.nanos());
    append_signed(out, outcome.cost.nanos());
    append_number(out, outcome.price_version);
    append_signed(out, outcome.charge.nanos());
}

std::unexpected<Error> damaged() {
    return fail(Fault::storage_unavailable,
                "The record of calls cannot be read; the operator has to look at the database.",
                "a batch of outcome rows is damaged");
}

}  // namespace

Batch pack(std::span<const Outcome> outcomes) {
    const auto [first, last] = std::ranges::minmax(outcomes, {}, &Outcome::at);
    Batch batch{.at_min = first.at, .at_max = last.at, .rows_count = outcomes.size(), .names = {}, .rows = {}};
    Names names;
    batch.rows.reserve(outcomes.size() * 128);
    for (const Outcome& outcome : outcomes) append_row(batch.rows, outcome, batch.at_min, names);
    batch.names = names.take();
    return batch;
}

BatchReader::BatchReader(Timestamp at_min, std::int64_t version)
    : at_min_(at_min),
      names_per_row_(names_of_version[static_cast<std::size_t>(version - 1)]),
      has_charge_(version != 1) {}

Result<BatchReader> BatchReader::open(std::string_view names, Timestamp at_min, std::int64_t version) {
    if (version < 1 || version > batch_version) return damaged();
    BatchReader reader(at_min, version);
    Cursor cursor{names};
    while (!cursor.rest.empty()) {
        reader.names_.push_back(cursor.bytes(cursor.number()));
        if (!cursor.good) return damaged();
    }
    return reader;
}

Result<bool> BatchReader::next(Packed& row) {
    if (rest_.empty()) return false;
    Cursor cursor{rest_};
    Outcome& outcome = row.rest;
    const std::uint64_t flags = cursor.number();
    outcome.streamed = (flags & streamed) != 0;
    outcome.superseded = (flags & superseded) != 0;
    outcome.call = cursor.id<CallKind>();
    outcome.attempt = (flags & has_attempt) != 0 ? cursor.id<AttemptKind>() : AttemptId{};
    outcome.at = at_min_ + std::chrono::nanoseconds(cursor.number_signed());
    for (auto* span : {&outcome.duration, &outcome.first_byte, &outcome.overhead})
        *span = std::chrono::nanoseconds(cursor.number_signed());
    for (std::uint32_t& name : std::span(row.names).first(names_per_row_)) {
        const std::uint64_t number = cursor.number();
        if (number >= names_.size()) return damaged();
        name = static_cast<std::uint32_t>(number);
    }
    outcome.dialect = cursor.one_of(dialect_last);
    outcome.endpoint = cursor.one_of(endpoint_last);
    outcome.provider_request_id = cursor.bytes(cursor.number());
    outcome.status = static_cast<int>(cursor.number_signed());
    outcome.attempts = static_cast<int>(cursor.number_signed());
    outcome.usage = take_usage(cursor);
    outcome.usage_source = cursor.one_of(UsageSource::lost);
    outcome.held = NanoUsd(cursor.number_signed());
    outcome.cost = NanoUsd(cursor.number_signed());
    outcome.price_version = cursor.number();
    outcome.charge = has_charge_ ? NanoUsd(cursor.number_signed()) : outcome.cost;
    if (!cursor.good) return damaged();
    rest_ = cursor.rest;
    return true;
}

std::int64_t BatchReader::find(std::string_view text) const {
    const auto found = std::ranges::find(names_, text);
    return found == names_.end() ? -1 : found - names_.begin();
}

Outcome BatchReader::unpack(const Packed& row) const {
    Outcome outcome = row.rest;
    const auto texts = texts_of(outcome);
    for (std::size_t i = 0; i < names_per_row_; ++i) *texts[i] = names_[row.names[i]];
    return outcome;
}

}  // namespace bursar::audit
