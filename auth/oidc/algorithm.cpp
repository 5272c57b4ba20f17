#include "auth/oidc/algorithm.h"

#include <array>

#include <fmt/format.h>

namespace bursar::oidc {
namespace {

constexpr std::array all = {Algorithm::rs256, Algorithm::rs384, Algorithm::rs512,
                            Algorithm::ps256, Algorithm::es256, Algorithm::es384};

}  // namespace

std::string_view name_of(Algorithm algorithm) {
    switch (algorithm) {
        case Algorithm::rs256:
            return "RS256";
        case Algorithm::rs384:
            return "RS384";
        case Algorithm::rs512:
            return "RS512";
        case Algorithm::ps256:
            return "PS256";
        case Algorithm::es256:
            return "ES256";
        case Algorithm::es384:
            return "ES384";
    }
    return {};
}

std::optional<Algorithm> algorithm_of(std::string_view name) {
    for (const Algorithm each : all)
        if (name_of(each) == name) return each;
    return std::nullopt;
}

int hash_bits(Algorithm algorithm) {
    switch (algorithm) {
        case Algorithm::rs256:
        case Algorithm::ps256:
        case Algorithm::es256:
            return 256;
        case Algorithm::rs384:
        case Algorithm::es384:
            return 384;
        case Algorithm::rs512:
            return 512;
    }
    return 0;
}

Result<std::vector<Algorithm>> algorithms_of(std::span<const std::string> names, std::string_view option) {
    std::vector<Algorithm> algorithms;
    for (const std::string& name : names) {
        const auto algorithm = algorithm_of(name);
        if (!algorithm)
            return fail(Fault::wrong_configuration,
                        fmt::format("{}.algorithms: \"{}\" is not among RS256, RS384, RS512, PS256, ES256 and ES384.",
                                    option, name));
        algorithms.push_back(*algorithm);
    }
    if (algorithms.empty())
        return fail(Fault::wrong_configuration,
                    fmt::format("{}.algorithms is empty. Name at least one, as RS256.", option));
    return algorithms;
}

}  // namespace bursar::oidc
