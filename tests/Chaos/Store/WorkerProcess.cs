using System.Diagnostics;

namespace Events.Chaos.Store;

/// <summary>This same executable as a worker.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process process;

    private WorkerProcess(Process process) => this.process = process;

    public static WorkerProcess Start(string journals, string connectionString)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath is { } own && Path.GetFileNameWithoutExtension(own) == "dotnet" ? own : "dotnet") { UseShellExecute = false };
        start.ArgumentList.Add("exec");
        start.ArgumentList.Add(typeof(WorkerProcess).Assembly.Location);
        start.ArgumentList.Add(StoreWorker.Argument);
        start.ArgumentList.Add(Path.Combine(journals, $"{Guid.CreateVersion7():N}.journal"));
        start.Environment[StoreWorker.ConnectionVariable] = connectionString;
        return new WorkerProcess(Process.Start(start)!);
    }

    /// <summary>SIGKILL: nothing in the process gets to run any more.</summary>
    public void Kill()
    {
        if (!process.HasExited)
            process.Kill();
        process.WaitForExit();
    }

    public void Dispose()
    {
        Kill();
        process.Dispose();
    }
}
