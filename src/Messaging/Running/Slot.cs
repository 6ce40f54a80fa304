using System.Collections.Concurrent;

namespace Events.Messaging.Running;

/// <summary>Room for one handler that runs. Only its own loop changes it, and whoever starts that loop.</summary>
internal sealed class Slot(int number)
{
    private Attempt? current;

    public int Number => number;

    public Attempt? Current
    {
        get => Volatile.Read(ref current);
        set => Volatile.Write(ref current, value);
    }

    /// <summary>Whether it counts as busy without waiting. Written under the gate.</summary>
    public bool OnProcessor { get; set; }

    /// <summary>Taken together with the current one, to run after it.</summary>
    public ConcurrentQueue<ClaimedMessage> Next { get; } = new();

    /// <summary>Of this visit.</summary>
    public List<Attempt> Ended { get; } = [];
}
