#include "service/providers/answer.h"

namespace bursar::providers {

Span find_string_member(std::string_view text, std::string_view key) {
    for (std::size_t at = text.find(key); at != std::string_view::npos; at = text.find(key, at + 1)) {
        std::size_t next = at + key.size();
        if (at == 0 || text[at - 1] != '"' || (at > 1 && text[at - 2] == '\\')) continue;
        if (next >= text.size() || text[next] != '"') continue;
        next = text.find_first_not_of(" \t\r\n", next + 1);
        if (next == std::string_view::npos || text[next] != ':') continue;
        const auto begin = text.find_first_not_of(" \t\r\n", next + 1);
        if (begin == std::string_view::npos || text[begin] != '"') return {};
        for (std::size_t end = begin + 1; end < text.size(); ++end) {
            if (text[end] == '\\')
                ++end;
            else if (text[end] == '"')
                return {begin, end + 1};
        }
        return {};
    }
    return {};
}

}  // namespace bursar::providers
