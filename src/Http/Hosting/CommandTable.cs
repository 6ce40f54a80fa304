using Events.Http.Operations;
using Events.Platform.Startup;
using Microsoft.Extensions.Options;

namespace Events.Http.Hosting;

/// <summary>What the executable does, by its first argument; without one it serves.</summary>
public static class CommandTable
{
    private sealed record Entry(string Help, Func<string[], CancellationToken, Task<int>> Run);

    private static readonly SortedDictionary<string, Entry> Entries = new(StringComparer.Ordinal)
    {
        ["help"] = new("prints this list", (_, _) => Task.FromResult(PrintHelp())),
        ["projections"] = new("operates the read models: status, rebuild, verify, rollback, pause, resume, release, skip", ProjectionsCommand.RunAsync),
        ["schedules"] = new("looks at what runs by the clock: list, runs, run", SchedulesCommand.RunAsync),
        ["serve"] = new("serves the roles of Events__Roles (the default); --demo makes a demo workspace at the first start", ServeCommand.RunAsync),
    };

    /// <returns>The exit code: 1, after one sentence on the error stream, when the command cannot start.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var (name, rest) = args switch
        {
            ["--help" or "-h", ..] => ("help", []),
            [var first, ..] when !first.StartsWith('-') => (first, args[1..]),
            _ => ("serve", args),
        };
        if (!Entries.TryGetValue(name, out var entry))
        {
            await Console.Error.WriteLineAsync($"There is no command {name}: one of {string.Join(", ", Entries.Keys)}.");
            return 1;
        }

        using var interrupted = new InterruptSignal();
        try
        {
            return await entry.Run(rest, interrupted.Token);
        }
        catch (CannotStartException error)
        {
            await Console.Error.WriteLineAsync(error.Message.ReplaceLineEndings(" "));
            return 1;
        }
        catch (OptionsValidationException error)
        {
            await Console.Error.WriteLineAsync(string.Join(' ', error.Failures));
            return 1;
        }
        catch (OperationCanceledException) when (interrupted.Token.IsCancellationRequested)
        {
            return 0;
        }
    }

    private static int PrintHelp()
    {
        Console.WriteLine("events [COMMAND]");
        foreach (var (name, entry) in Entries)
            Console.WriteLine($"  {name,-12} {entry.Help}");
        return 0;
    }
}
