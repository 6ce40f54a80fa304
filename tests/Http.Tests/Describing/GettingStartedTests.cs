using System.Diagnostics;
using System.Text.Json.Nodes;
using Events.Http.Tests.Api;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Describing;

/// <summary>The first page of the docs is true: its command lines run, in order, against a fresh workspace.</summary>
public sealed class GettingStartedTests(ApiServer server)
{
    [Fact]
    public async Task The_lines_of_the_getting_started_page_run_from_nothing_to_a_filtered_list()
    {
        var me = await server.NewUserAsync();
        var script = Script();
        script.Count(line => line.Contains("curl", StringComparison.Ordinal)).ShouldBeGreaterThan(5);
        var start = new ProcessStartInfo("bash", ["-euo", "pipefail"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["EVENTS"] = me.Url.ToString().TrimEnd('/');
        start.Environment["TOKEN"] = me.Token;
        using var bash = Process.Start(start)!;
        var errors = bash.StandardError.ReadToEndAsync();
        var output = bash.StandardOutput.ReadToEndAsync();
        await bash.StandardInput.WriteAsync(string.Join('\n', script) + "\n");
        bash.StandardInput.Close();
        await bash.WaitForExitAsync();
        bash.ExitCode.ShouldBe(0, $"{await errors}\n{await output}");
        var last = JsonNode.Parse((await output).Trim().Split('\n')[^1])!;
        ((string)last["items"]![0]!["title"]!).ShouldBe("Write the release notes");
    }

    /// <summary>The lines of all blocks marked <c>```bash</c>, but for those that set the address and the token.</summary>
    private static List<string> Script()
    {
        var lines = new List<string>();
        var inside = false;
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "getting-started.md")))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
                inside = line == "```bash";
            else if (inside && !line.StartsWith("export ", StringComparison.Ordinal))
                lines.Add(line);
        }

        return lines;
    }
}
