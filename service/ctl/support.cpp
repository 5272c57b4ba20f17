#include "service/ctl/support.h"

#include <algorithm>
#include <array>

#include <QRegularExpression>
#include <QString>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

struct Kind {
    std::string_view what;
    const char* pattern;
};

// Wider than any of these needs to be: a bundle with a hole too many still helps.
constexpr std::array kinds{
    Kind{"a private key", "-----BEGIN [A-Z ]*PRIVATE KEY-----[\\s\\S]*?(-----END [A-Z ]*PRIVATE KEY-----|\\z)"},
    Kind{"a key or token of Bursar", "\\bbs[a-z]{1,3}[_-][0-9A-Za-z_-]{12,}"},
    Kind{"a webhook of Slack", "https?://hooks\\.slack(-gov)?\\.com/[^\\s\"'<>]+"},
    Kind{"a webhook", "https?://[^\\s\"'<>/]*(webhook|logic\\.azure)[^\\s\"'<>]*"},
    Kind{"a token of Slack", "\\bx(ox[a-z]|app)-[0-9A-Za-z-]{8,}"},
    Kind{"a provider's key", "\\b(sk|pk|rk|gsk|xai|r8|hf)[-_][0-9A-Za-z_-]{12,}"},
    Kind{"a key of Google", "\\bAIza[0-9A-Za-z_-]{20,}"},
    Kind{"a key of AWS", "\\b(AKIA|ASIA)[0-9A-Z]{12,}"},
    Kind{"a token of GitHub", "\\bgh[a-z]_[0-9A-Za-z]{16,}"},
    Kind{"a token of Atlassian", "\\bATATT[0-9A-Za-z_=-]{16,}"},
    Kind{"a JWT", "\\beyJ[0-9A-Za-z_-]{8,}\\.[0-9A-Za-z_-]{8,}\\.[0-9A-Za-z_-]*"},
    Kind{"an authorization", "(?i)\\b(bearer|basic)\\s+[0-9A-Za-z+/=_.~-]{12,}"},
    Kind{"a password in an address", "(?<=://)[^\\s/@:\"']+:[^\\s/@\"']+(?=@)"},
    Kind{"32 bytes in hexadecimal", "\\b[0-9A-Fa-f]{64}\\b"},
};

}  // namespace

std::string take_out_secrets(const std::string& file, std::string_view text, std::vector<TakenOut>& taken) {
    QString out = QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
    for (const Kind& kind : kinds) {
        const QRegularExpression pattern(QLatin1String(kind.pattern));
        const std::string mark = fmt::format("[taken out: {}]", kind.what);
        qsizetype from = 0;
        for (auto match = pattern.match(out, from); match.hasMatch(); match = pattern.match(out, from)) {
            const auto lines = std::ranges::count(QStringView(out).left(match.capturedStart()), QLatin1Char('\n'));
            taken.push_back({.file = file, .line = static_cast<std::size_t>(lines) + 1, .what = kind.what});
            out.replace(match.capturedStart(), match.capturedLength(), QString::fromStdString(mark));
            from = match.capturedStart() + static_cast<qsizetype>(mark.size());
        }
    }
    return out.toStdString();
}

}  // namespace bursar::ctl
