using System.Collections.Concurrent;
using System.Diagnostics;

namespace Events.Benchmarks.Projections;

/// <summary>How long each stage of a rebuild took, by the spans that the engine itself reports.</summary>
internal sealed class BuildStageTimes : IDisposable
{
    private const string Prefix = "rebuild ";

    private readonly ConcurrentQueue<(string Stage, TimeSpan Took)> stages = new();
    private readonly ActivityListener listener;

    public BuildStageTimes()
    {
        listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Events.Projections",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = Note,
        };
        ActivitySource.AddActivityListener(listener);
    }

    /// <summary>What was noted since the last call, e.g. <c>fold 812 ms, copy 640 ms</c>.</summary>
    public string Take()
    {
        var taken = new List<(string Stage, TimeSpan Took)>();
        while (stages.TryDequeue(out var stage))
            taken.Add(stage);
        return string.Join(", ", taken.GroupBy(s => s.Stage, (stage, all) => $"{stage} {all.Sum(s => s.Took.TotalMilliseconds):N0} ms"));
    }

    public void Dispose() => listener.Dispose();

    private void Note(Activity activity)
    {
        if (activity.OperationName.StartsWith(Prefix, StringComparison.Ordinal) && activity.OperationName != "rebuild projection")
            stages.Enqueue((activity.OperationName[Prefix.Length..], activity.Duration));
    }
}
