# Every library that is not ours, by one name each: third::NAME. Versions and reasons: docs/dependencies.md.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(Poco 1.11 REQUIRED COMPONENTS Foundation Net Util JSON)
find_package(simdjson REQUIRED)
find_package(yaml-cpp 0.7 REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(absl REQUIRED)
find_package(CURL 7.88 REQUIRED)
find_package(Qt6 6.4 REQUIRED COMPONENTS Core Network)
# The file names the SQLite that SQLCipher 4.6 is built on.
pkg_check_modules(SQLCIPHER REQUIRED IMPORTED_TARGET "sqlcipher>=3.46")
pkg_check_modules(ARGON2 REQUIRED IMPORTED_TARGET libargon2)
pkg_check_modules(LDAP REQUIRED IMPORTED_TARGET ldap lber)
# pangoft2 has the font map that takes a configuration of our own.
pkg_check_modules(DRAWING REQUIRED IMPORTED_TARGET "pangocairo>=1.50" "pangoft2>=1.50" "cairo-pdf>=1.16" "cairo-png>=1.16" fontconfig)

# Old words of theirs that would keep a file from sharing precompiled headers: this system's own are newer, and its threads need no flag.
function(bursar_without target property words)
    get_target_property(now ${target} ${property})
    if(now)
        list(FILTER now EXCLUDE REGEX "${words}")
        set_target_properties(${target} PROPERTIES ${property} "${now}")
    endif()
endfunction()
bursar_without(Poco::Foundation INTERFACE_COMPILE_DEFINITIONS "^_(XOPEN_SOURCE|REENTRANT|THREAD_SAFE)")
bursar_without(PkgConfig::DRAWING INTERFACE_COMPILE_OPTIONS "^-pthread$")

function(bursar_third name)
    add_library(third_${name} INTERFACE)
    add_library(third::${name} ALIAS third_${name})
    target_link_libraries(third_${name} INTERFACE ${ARGN})
endfunction()

# Boost.Asio and Beast without the parts we do not use; C++20 coroutines only.
bursar_third(asio Boost::headers Threads::Threads OpenSSL::SSL OpenSSL::Crypto)
# Frames of coroutines come from the heap: Asio's cache is a list that is walked for each of them, does not tell sizes apart, and
# takes none of more than a kilobyte. With many calls at once it costs more than it saves.
target_compile_definitions(third_asio INTERFACE BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE BOOST_BEAST_USE_STD_STRING_VIEW)
bursar_third(openssl OpenSSL::SSL OpenSSL::Crypto)
bursar_third(poco Poco::Foundation Poco::Net Poco::Util Poco::JSON)
bursar_third(simdjson simdjson::simdjson)
bursar_third(yaml yaml-cpp)
bursar_third(fmt fmt::fmt)
bursar_third(time_zones absl::time)
bursar_third(argon2 PkgConfig::ARGON2)
bursar_third(curl CURL::libcurl)
bursar_third(ldap PkgConfig::LDAP)
bursar_third(drawing PkgConfig::DRAWING)
bursar_third(qt Qt6::Core Qt6::Network)

# Debian's SQLiteCpp archive leaves sqlite3_* open, so it runs on the SQLite that we link: SQLCipher.
find_library(SQLITECPP_LIBRARY NAMES libSQLiteCpp.a SQLiteCpp REQUIRED)
bursar_third(sqlcipher "${SQLITECPP_LIBRARY}" PkgConfig::SQLCIPHER)
target_compile_definitions(third_sqlcipher INTERFACE SQLITE_HAS_CODEC)
