#include "service/standby/standing_file.h"

#include "service/base/crypto.h"
#include "service/base/varint.h"
#include "service/store/files.h"

#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include <fmt/format.h>

namespace bursar::standby {
namespace {

// "bursar-standing 1 ", post, epoch, run and last group as numbers of variable length, CRC-32 of all before it. No code
// under a key: whoever may write here may as well replace the databases beside it.
constexpr std::string_view mark = "bursar-standing 1 ";
constexpr std::size_t sum_bytes = 4;
constexpr std::uint64_t posts = static_cast<std::uint64_t>(Post::retired) + 1;

std::string sum_of(std::string_view bytes) {
    const std::uint32_t sum = crc32(bytes);
    std::string out;
    for (std::size_t i = 0; i < sum_bytes; ++i) out.push_back(static_cast<char>(sum >> (8 * i) & 0xff));
    return out;
}

}  // namespace

Result<std::optional<Standing>> read_standing(const std::filesystem::path& file) {
    std::error_code error;
    if (!std::filesystem::exists(file, error) && !error) return std::nullopt;
    std::ifstream in(file, std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(in), {}};
    const auto wrong = [&] {
        return fail(
            Fault::wrong_configuration,
            fmt::format("{} was cut or edited, so this node does not know whether it may serve. Look at the other "
                        "node (bursarctl standby status), then pair the two anew.",
                        file.string()));
    };
    const std::string_view all = content;
    if (all.size() < mark.size() + sum_bytes || !all.starts_with(mark)) return wrong();
    const std::string_view body = all.substr(0, all.size() - sum_bytes);
    if (sum_of(body) != all.substr(body.size())) return wrong();
    NumberCursor cursor{body.substr(mark.size())};
    const std::uint64_t post = cursor.number();
    Standing standing{.epoch = cursor.number(), .run = cursor.number(), .last_group = cursor.number()};
    if (!cursor.good || !cursor.rest.empty() || post >= posts) return wrong();
    standing.post = static_cast<Post>(post);
    return standing;
}

Result<void> write_standing(const std::filesystem::path& file, const Standing& standing) {
    std::string body(mark);
    append_number(body, static_cast<std::uint64_t>(standing.post));
    for (const std::uint64_t number : {standing.epoch, standing.run, standing.last_group}) append_number(body, number);
    body += sum_of(body);
    return store::replace_file(file, body);
}

}  // namespace bursar::standby
