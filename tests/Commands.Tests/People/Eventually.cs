using Shouldly;

namespace Events.Commands.Tests.People;

internal static class Eventually
{
    /// <summary>Asks again and again, without sleeping, until it is so or the time is up.</summary>
    public static async Task IsTrueAsync(Func<Task<bool>> isSo, TimeSpan within)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await isSo())
        {
            TimeProvider.System.GetElapsedTime(started).ShouldBeLessThan(within);
            await Task.Yield();
        }
    }
}
