#pragma once

#include "service/base/crypto.h"
#include "service/store/store.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace bursar {

/// A folder of its own for one test, gone afterwards.
class TestFolder {
  public:
    TestFolder() : path_(std::filesystem::temp_directory_path() / ("bursar-test-" + to_hex(random_bytes(8)))) {
        std::filesystem::create_directory(path_);
        std::filesystem::permissions(path_, std::filesystem::perms::owner_all);
    }
    ~TestFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

  private:
    std::filesystem::path path_;
};

inline std::string content_of(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

inline void put_content(const std::filesystem::path& file, std::string_view bytes) {
    std::ofstream stream(file, std::ios::binary | std::ios::trunc);
    stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// "ok", or what the operator would read.
template <typename T>
std::string told(const Result<T>& result) {
    return result ? "ok" : std::string(result.error().for_caller) + " | " + std::string(result.error().operator_text());
}

namespace store {

inline constexpr std::string_view rows_steps[] = {
    "CREATE TABLE entry (number INTEGER PRIMARY KEY, text TEXT NOT NULL)"};

inline Secret test_key(char fill = 'k') { return Secret(std::string(32, fill)); }

/// A store with one table `entry (number, text)`. No ballast: most tests need none, and it costs 8 MiB each.
inline Options test_options(const std::filesystem::path& file, Durability durability = Durability::process) {
    return {.file = file,
            .key = test_key(),
            .durability = durability,
            .schemas = {{.part = "test", .steps = rows_steps}},
            .ballast_bytes = 0};
}

inline Result<void> add_row(Transaction& transaction, std::int64_t number, std::string_view text = "text") {
    return transaction.run("INSERT INTO entry (number, text) VALUES (?, ?)", {number, text});
}

inline std::vector<std::int64_t> numbers_in(Store& store) {
    std::vector<std::int64_t> numbers;
    auto read = store.read([&](Transaction& transaction) {
        return transaction.each("SELECT number FROM entry ORDER BY number", {}, [&](const Row& row) -> Result<void> {
            numbers.push_back(row.integer(0));
            return {};
        });
    });
    if (!read) numbers.push_back(-1);
    return numbers;
}

}  // namespace store
}  // namespace bursar
