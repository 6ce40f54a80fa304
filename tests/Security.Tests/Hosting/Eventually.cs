using Shouldly;

namespace Events.Security.Tests.Hosting;

internal static class Eventually
{
    /// <summary>Asks again and again, without sleeping, until it is so.</summary>
    public static async Task IsTrueAsync(Func<Task<bool>> isSo)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await isSo())
            TimeProvider.System.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(30));
    }
}
