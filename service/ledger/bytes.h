#pragma once

#include "service/base/crypto.h"
#include "service/base/varint.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace bursar::ledger {

/// Packs integers, little-endian, whatever the machine; sealed with a checksum.
class ByteWriter {
  public:
    ByteWriter& u8(std::uint8_t value) { return put(value, 1); }
    ByteWriter& u32(std::uint32_t value) { return put(value, 4); }
    ByteWriter& i64(std::int64_t value) { return put(static_cast<std::uint64_t>(value), 8); }
    ByteWriter& u64(std::uint64_t value) { return put(value, 8); }
    /// Of as many bytes as it needs.
    ByteWriter& number(std::uint64_t value) {
        append_number(bytes_, value);
        return *this;
    }
    ByteWriter& signed_number(std::int64_t value) {
        append_signed(bytes_, value);
        return *this;
    }
    ByteWriter& raw(std::string_view bytes) {
        bytes_.append(bytes);
        return *this;
    }
    void reserve(std::size_t bytes) { bytes_.reserve(bytes); }
    std::string sealed() && {
        u32(crc32(bytes_));
        return std::move(bytes_);
    }

  private:
    ByteWriter& put(std::uint64_t value, int bytes) {
        char packed[8];
        for (int i = 0; i < bytes; ++i) packed[i] = static_cast<char>(value >> (8 * i));
        bytes_.append(packed, static_cast<std::size_t>(bytes));
        return *this;
    }
    std::string bytes_;
};

/// Reads the same. Past the end it gives zeros and is no longer whole().
class ByteReader {
  public:
    /// Not whole() from the start if the checksum does not fit.
    explicit ByteReader(std::string_view sealed) : rest_(sealed) {
        if (rest_.size() < 4) {
            fail();
            return;
        }
        const std::string_view body = rest_.substr(0, rest_.size() - 4);
        rest_.remove_prefix(body.size());
        const std::uint32_t sum = u32();
        rest_ = body;
        if (sum != crc32(body)) fail();
    }
    bool whole() const { return whole_; }
    bool at_end() const { return rest_.empty(); }
    std::uint8_t u8() { return static_cast<std::uint8_t>(get(1)); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(get(4)); }
    std::int64_t i64() { return static_cast<std::int64_t>(get(8)); }
    std::uint64_t u64() { return get(8); }
    std::uint64_t number() {
        NumberCursor cursor{rest_};
        const std::uint64_t value = cursor.number();
        go_on(cursor);
        return value;
    }
    std::int64_t signed_number() {
        NumberCursor cursor{rest_};
        const std::int64_t value = cursor.number_signed();
        go_on(cursor);
        return value;
    }
    std::string_view raw(std::size_t bytes) {
        if (bytes > rest_.size()) {
            fail();
            return {};
        }
        const std::string_view taken = rest_.substr(0, bytes);
        rest_.remove_prefix(bytes);
        return taken;
    }

  private:
    void fail() {
        whole_ = false;
        rest_ = {};
    }
    void go_on(const NumberCursor& behind) {
        rest_ = behind.rest;
        if (!behind.good) fail();
    }
    std::uint64_t get(std::size_t bytes) {
        const std::string_view taken = raw(bytes);
        std::uint64_t value = 0;
        for (std::size_t i = taken.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(taken[i]);
        return value;
    }
    std::string_view rest_;
    bool whole_ = true;
};

}  // namespace bursar::ledger
