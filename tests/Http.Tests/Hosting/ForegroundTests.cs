using Events.Http.Hosting;
using Events.Platform.Pacing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Hosting;

public sealed class ForegroundTests
{
    [Theory]
    [InlineData("/api/v1/tasks", true)]
    [InlineData("/api/v1/imports/preview", true)]
    [InlineData("/api/v1/jobs", false)]
    [InlineData("/api/v1/jobs/1", false)]
    [InlineData("/api/v1/operations/projections", false)]
    [InlineData("/health/ready", false)]
    [InlineData("/", false)]
    public async Task Long_work_gives_way_to_those_who_wait_for_an_answer(string path, bool active)
    {
        var foreground = new ForegroundLoad(TimeProvider.System);
        await using var services = new ServiceCollection().AddSingleton(foreground).BuildServiceProvider();
        var app = new ApplicationBuilder(services);
        app.UseForeground();
        await app.Build()(new DefaultHttpContext { Request = { Path = path } });
        foreground.IsActive.ShouldBe(active);
    }
}
