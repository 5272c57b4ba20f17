#include "service/shelf/lines.h"

#include "service/base/crypto.h"
#include "service/base/varint.h"

namespace bursar::shelf {

std::uint64_t name_of(std::string_view custom_id) {
    const Digest digest = sha256(custom_id);
    std::uint64_t name = 0;
    for (std::size_t i = 0; i < sizeof(name); ++i) name = name << 8 | digest[i];
    return name;
}

std::string pack(const std::vector<Line>& lines) {
    std::string out;
    append_number(out, lines.size());
    for (const Line& line : lines) {
        append_number(out, line.name);
        append_signed(out, line.input);
        append_signed(out, line.output);
    }
    return out;
}

Result<std::vector<Line>> unpack(std::string_view bytes) {
    NumberCursor cursor{bytes};
    const std::uint64_t count = cursor.number();
    std::vector<Line> lines;
    if (cursor.good && count <= lines_max) lines.reserve(count);
    for (std::uint64_t i = 0; cursor.good && i < count && i < lines_max; ++i) {
        Line line;
        line.name = cursor.number();
        line.input = cursor.number_signed();
        line.output = cursor.number_signed();
        lines.push_back(line);
    }
    if (!cursor.good || count != lines.size() || !cursor.rest.empty())
        return fail(Fault::wrong_configuration, "The lines of a batch cannot be read. Restore a backup.");
    return lines;
}

}  // namespace bursar::shelf
