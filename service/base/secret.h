#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace bursar {

/// Overwrites memory in a way that the compiler may not remove.
void wipe(void* memory, std::size_t bytes) noexcept;

/// Bytes that nobody may see: move-only, wiped when dropped, without any way to print or compare by accident.
/// `reveal(` is the word to grep for in an audit.
class Secret {
  public:
    Secret() = default;
    /// Takes the bytes and wipes the string they came in.
    explicit Secret(std::string&& bytes) noexcept : bytes_(bytes.begin(), bytes.end()) {
        wipe(bytes.data(), bytes.size());
    }
    static Secret copy_of(std::string_view bytes) { return Secret(std::string(bytes)); }
    Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { other.clear(); }
    Secret& operator=(Secret&& other) noexcept {
        if (this != &other) {
            clear();
            bytes_ = std::move(other.bytes_);
            other.clear();
        }
        return *this;
    }
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret() { clear(); }

    /// A copy is a decision, so it has a name.
    Secret duplicate() const { return copy_of(reveal()); }
    bool empty() const { return bytes_.empty(); }
    std::size_t size() const { return bytes_.size(); }
    std::string_view reveal() const { return {bytes_.data(), bytes_.size()}; }

  private:
    void clear() noexcept {
        bytes_.resize(bytes_.capacity());  // what was moved out of a short string is still in it
        wipe(bytes_.data(), bytes_.size());
        bytes_.clear();
    }
    std::string bytes_;
};

/// Whether two byte strings are equal, in a time that depends on their lengths only.
bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

}  // namespace bursar
