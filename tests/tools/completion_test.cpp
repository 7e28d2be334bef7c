#include <sstream>

#include "support/catch.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"

namespace fs = std::filesystem;
using catvox::test::TempDir;

namespace {

Process::Result run(const std::string& program, const std::vector<std::string>& arguments, const fs::path& folder) {
  return Process(program, arguments, {}, folder).wait();
}

/// What bash offers for the last of these words.
std::string completed(const std::string& words) {
  const TempDir folder;
  folder.write("out 1.npy", "");
  folder.write("script", run(CATVOX, {"generate", "bash"}, folder.path()).out);
  const auto result = run("/bin/bash",
                          {"-c", "source ./script; COMP_WORDS=(" + words +
                                     "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); compopt() { :; }; _catvox; "
                                     "printf '%s\\n' \"${COMPREPLY[@]}\""},
                          folder.path());
  CHECK(result.err.empty());
  return result.out;
}

}  // namespace

TEST_CASE("bash completes commands, options and values", "[tools]") {
  CHECK(completed("catvox ''") == "list\ncrop\nexport\n-h\n--help\n--version\n");
  CHECK(completed("catvox cr") == "crop\n");
  CHECK(completed("catvox list --de") == "--details\n");
  CHECK(completed("catvox crop --mi") == "--mirror\n--mirror-user\n--mirror-password\n--min\n");
  CHECK(completed("catvox crop --broken n") == "nearest\nnext\nnone\n");
  CHECK(completed("catvox crop --broken = pre") == "previous\n");
  CHECK(completed("catvox crop --broken =") == "fill\nfollow\nnearest\nnext\nnone\nprevious\n");
  CHECK(completed("catvox crop --output out") == "out 1.npy\n");
  CHECK(completed("catvox crop --stack d") == "\n");  // nothing: only the server knows
}

TEST_CASE("zsh takes the completion", "[tools]") {
  if (!fs::exists("/usr/bin/zsh")) {
    WARN("not checked: zsh is not installed");
    return;
  }
  const TempDir folder;
  folder.write("_catvox", run(CATVOX, {"generate", "zsh"}, folder.path()).out);
  // _arguments and _describe stand in for zsh's own and tell what they are given.
  folder.write("script", R"(
    function _arguments { print -rl -- "$@"; state=$want; }
    function _describe { print -rl -- "describe $1" "${(@P)2}"; }
    want=command; source ./_catvox
    want=argument; words=(crop); source ./_catvox
  )");
  const auto result = run("/usr/bin/zsh", {"-f", "script"}, folder.path());
  CHECK(result.err.empty());
  CHECK(result.status == 0);
  CHECK(result.out.find("describe command\nlist:List what a server has\\: projects, stacks, levels and mirrors.\n") !=
        std::string::npos);
  CHECK(result.out.find("--broken=[What to show instead of broken slices \\[nearest\\]]:"
                        "{fill,follow,nearest,next,none,previous}:(fill follow nearest next none previous)\n") !=
        std::string::npos);
  CHECK(result.out.find(":NUMBER::NUMBER::NUMBER:\n") != std::string::npos);
}

TEST_CASE("the manual page has every option and no fault that groff sees", "[tools]") {
  const TempDir folder;
  const std::string page = run(CATVOX, {"generate", "man"}, folder.path()).out;
  for (const char* option : {"\\-\\-version", "\\-\\-server", "\\-\\-details", "\\-\\-montage", "\\-\\-disk\\-cache"}) {
    CAPTURE(option);
    CHECK(page.find("\\fB" + std::string(option) + "\\fR") != std::string::npos);
  }
  CHECK(page.find("generate") == std::string::npos);
  if (!fs::exists("/usr/bin/groff")) {
    WARN("not checked: groff is not installed");
    return;
  }
  folder.write("catvox.1", page);
  const auto shown = run("/usr/bin/groff", {"-man", "-Tascii", "-ww", "-z", "catvox.1"}, folder.path());
  CHECK(shown.status == 0);
  CHECK(shown.err.empty());
}
