using Events.Security.Tests.Hosting;

[assembly: Xunit.AssemblyFixture(typeof(Service))]
