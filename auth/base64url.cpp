#include "auth/base64url.h"

#include "service/base/crypto.h"

#include <algorithm>

namespace bursar::auth {

std::string to_base64url(std::string_view bytes) {
    std::string text = to_base64(bytes);
    while (!text.empty() && text.back() == '=') text.pop_back();
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    return text;
}

}  // namespace bursar::auth
