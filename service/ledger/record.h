#pragma once

#include "service/base/ids.h"
#include "service/base/money.h"
#include "service/ledger/account.h"
#include "service/ledger/bytes.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What the journal stores. Each group of records is one row, sealed with a CRC32. Bytes, little-endian; where no size
// stands, as many as a number needs (service/base/varint.h): whatever a group has more, every call waits for.
//   group    version 4 | newest instant 8 | count 4 | records | crc 4
//   hold     1 | call 16 | attempt | at | amounts | price version 8 | channel: length 1, text | accounts
//   grow     2 | attempt 16 | more: amounts
//   settle   3 | call 16 | attempt | at | cost: amounts | accounts
//   release  4 | attempt 16
//   lost     5 | call 16 | attempt | at | cost: amounts | accounts
//   posting  6 | number | at | amounts | accounts
//   attempt  16; 10, with 128 added to the kind, where it begins with the same time as its call's id
//   at       how long before the newest instant
//   amounts  charge | how much more the cost is | tokens | calls
//   accounts count 1 | number each
// Version 3 had 8 bytes for each of the numbers and 4 for each account. Version 2 had the same with one amount of money
// in the place of amounts, which was both charge and cost, and no channel.
// A settlement names its accounts again, so that it can be applied when the row of its hold is gone. A second hold
// record of an open attempt replaces the first: long calls are carried forward so that old rows can be deleted.
namespace bursar::ledger {

enum class RecordKind : std::uint8_t { hold = 1, grow = 2, settle = 3, release = 4, lost = 5, posting = 6 };

struct Record {
    RecordKind kind = RecordKind::hold;
    CallId call;
    AttemptId attempt;
    Timestamp at;
    Amounts amount;  ///< of a settlement or a loss: the cost
    std::uint64_t price_version = 0;
    std::int64_t posting = 0;  ///< its number
    std::string channel = {};  ///< of a hold
    std::vector<std::uint32_t> accounts;
    bool operator==(const Record&) const = default;
};

struct RecordGroup {
    Timestamp newest;
    std::vector<Record> records;
};

/// Packs a group without gathering its records first.
class GroupWriter {
  public:
    GroupWriter(Timestamp newest, std::uint32_t count);
    void hold(const CallId& call, const AttemptId& attempt, Timestamp at, const Amounts& amount,
              std::uint64_t price_version, std::string_view channel);
    void grow(const AttemptId& attempt, const Amounts& more);
    void cost(RecordKind settle_or_lost, const CallId& call, const AttemptId& attempt, Timestamp at,
              const Amounts& cost);
    void release(const AttemptId& attempt);
    void posting(std::int64_t number, Timestamp at, const Amounts& amounts);
    /// Behind a hold, a cost or a posting: how many, then each.
    void account_count(std::size_t count) { bytes_.u8(static_cast<std::uint8_t>(count)); }
    void account(std::uint32_t number) { bytes_.number(number); }
    std::string sealed() && { return std::move(bytes_).sealed(); }

  private:
    void head(RecordKind kind, const AttemptId& attempt);
    void head(RecordKind kind, const CallId& call, const AttemptId& attempt);
    void before_newest(Timestamp at);

    Timestamp newest_;
    ByteWriter bytes_;
};

/// Nothing if the bytes are damaged or of a later version.
std::optional<RecordGroup> read_group(std::string_view bytes);

/// An account's sums as stored: version 2 | spent: amounts | calendars 1 | each: name length 1, name, windows 4, each:
/// kind 1, start 8, end 8, spent: amounts | rolls 1 | each: kind 1, newest cell 8, cells 1, each: number 8, amounts |
/// spans 4 | each: start 8, end 8, spent: amounts | crc 4. Version 1 had one amount of money in the place of amounts,
/// and neither rolls nor spans.
struct StoredAccount {
    struct StoredWindow {
        Per per;
        Period period;
        Amounts spent;
    };
    struct StoredTallies {
        std::string zone;
        std::vector<StoredWindow> windows;
    };
    Amounts spent;
    std::vector<StoredTallies> tallies;
    std::vector<Roll> rolls;
    std::vector<Span> spans;
};
std::string write_account(const Account& account);
std::optional<StoredAccount> read_account(std::string_view bytes);

}  // namespace bursar::ledger
